import { expect, vi } from 'vitest'
import { tokenOf } from '../fixtures/api-server.js'
import { jws } from '../fixtures/jwt-server.js'
import { guardedApp, resourceServer, type RunningIssuer } from '../fixtures/running-issuer.js'
import { basic, secretOf } from '../fixtures/test-server.js'
import type { AttackedServer } from './attacked.js'

/** Revokes so many JWTs with bad signatures: the server remembers none of them. */
export async function revokeForgedJwts(server: AttackedServer, count: number): Promise<void> {
  const { tokens } = server.stores
  const before = tokens.revokeSignedToken.bind(tokens)
  let remembered = 0
  tokens.revokeSignedToken = (...revoked) => {
    remembered++
    before(...revoked)
  }
  const { port } = server.http.address() as { port: number }
  const header = { alg: 'ES256', typ: 'at+jwt', kid: 'x' }
  const statuses = new Set<number>()
  const send = async (from: number): Promise<void> => {
    for (let i = from; i < from + count / 20; i++) {
      const forged = jws(header, { jti: `j${String(i)}`, exp: 2e9, client_id: 'opaque-app' }, () => Buffer.alloc(64, i))
      const headers = { authorization: basic('opaque-app', secretOf('opaque-app')) }
      const body = new URLSearchParams({ token: forged })
      const url = `http://127.0.0.1:${String(port)}/oauth/revoke`
      const answer = await fetch(url, { method: 'POST', headers, body })
      await answer.arrayBuffer()
      statuses.add(answer.status)
    }
  }
  await Promise.all(Array.from({ length: 20 }, (_, n) => send((n * count) / 20)))
  tokens.revokeSignedToken = before
  expect([...statuses]).toEqual([200])
  expect(remembered).toBe(0)
}

/** Presents so many JWTs with unknown key ids to a guard: it fetches the keys of its issuer once. */
export async function presentUnknownKeyIds(issuer: RunningIssuer, count: number): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'] })
  const app = await guardedApp(resourceServer(issuer, { jwks: true }))
  expect((await app.get(await tokenOf(issuer, 'jwt-app'))).status).toBe(200)
  vi.setSystemTime(Date.now() + 600_000)
  issuer.asked.length = 0
  for (let i = 0; i < count / 100; i++) {
    const forged = (n: number): string =>
      jws({ alg: 'ES256', typ: 'at+jwt', kid: `k${String(n)}` }, { iss: issuer.issuer }, () => Buffer.alloc(64))
    const statuses = await Promise.all(Array.from({ length: 100 }, (_, n) => app.get(forged(i * 100 + n))))
    expect(new Set(statuses.map(({ status }) => status))).toEqual(new Set([401]))
  }
  vi.useRealTimers()
  await app.close()
  expect(issuer.asked.filter((asked) => asked.endsWith('/oauth/jwks')).length).toBeLessThanOrEqual(1)
}
