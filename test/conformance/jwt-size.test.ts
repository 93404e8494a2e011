import { describe, expect, it } from 'vitest'
import { createClient, loadSigningKeys, type OAuthEvent } from 'latchkey'
import {
  apiServer,
  claimsOf,
  introspect,
  post,
  refreshAt,
  signInAt,
  signingKey,
  statusOf,
} from '../fixtures/api-server.js'
import type { TestServer } from '../fixtures/test-server.js'

/** A server whose JWTs have so many characters of the application's own. */
function paddedServer(): { server: TestServer; readonly pad: (characters: number) => void } {
  let padding = 0
  const server = apiServer({ server: { accessTokenClaims: () => ({ padding: 'x'.repeat(padding) }) } })
  return { server, pad: (characters) => void (padding = characters) }
}

type FailureEvent = Extract<OAuthEvent, { readonly type: 'failure' }>
const failures = ({ events }: TestServer): FailureEvent[] =>
  events.filter((event): event is FailureEvent => event.type === 'failure')

describe('a JWT', () => {
  it('is not issued if it is too large for the header of a request; the cause names size and limit (12)', async () => {
    const { server, pad } = paddedServer()
    const ask = () => post(server, '/oauth/token', { grant_type: 'client_credentials' }, 'jwt-app')
    for (const size of [0, 4000, 8000, 10_000, 10_300, 11_000, 12_000, 20_000, 100_000]) {
      pad(size)
      const answer = await ask()
      if (answer.status === 200) {
        const token = String(answer.body.access_token)
        expect(token.length).toBeLessThanOrEqual(14_336)
        expect(await statusOf(server, token)).toBe(200)
        expect(await introspect(server, token)).toMatchObject({ active: true })
        expect((await post(server, '/oauth/revoke', { token }, 'jwt-app')).status).toBe(200)
        expect(await statusOf(server, token)).toBe(401)
      } else {
        expect([answer.status, answer.body.error]).toEqual([500, 'server_error'])
        expect(size).toBeGreaterThan(10_000)
        const { cause } = failures(server).at(-1)!
        expect(String(cause)).toMatch(/has \d{5,6} characters of the 14336 .*accessTokenClaims/)
        expect(String(cause)).not.toContain('xxxx')
      }
    }
    expect(failures(server).length).toBeGreaterThanOrEqual(2)
    expect(server.events.filter(({ type }) => type === 'tokens_issued').length).toBeGreaterThanOrEqual(4)
  })

  it('that is too large spends no refresh token and leaves no sign-in (12)', async () => {
    const { server, pad } = paddedServer()
    const first = await signInAt(server, 'jwt-app')
    pad(20_000)
    const refused = await refreshAt(server, 'jwt-app', first.refresh_token)
    expect([refused.status, refused.body.error]).toEqual([500, 'server_error'])
    await expect(signInAt(server, 'jwt-app')).rejects.toThrow('server_error')
    expect(await server.oauth.authorizations.list({ userId: 'user-1' })).toHaveLength(1)
    pad(0)
    expect((await refreshAt(server, 'jwt-app', first.refresh_token)).status).toBe(200)
  })
})

it('a client has no more default scopes than a request may ask for (12)', () => {
  const scopes = Array.from({ length: 101 }, (_, index) => `scope-${String(index)}`)
  const made = (defaultScopes: readonly string[]): unknown =>
    createClient({ grantTypes: ['client_credentials'], scopes: [...scopes, ...defaultScopes], defaultScopes })
  expect(made(scopes.slice(1))).toHaveProperty('client')
  expect(() => made(scopes)).toThrow(/createClient\.defaultScopes: .*100 scopes, 4096 characters/)
  expect(() => made(['x'.repeat(4097)])).toThrow(/defaultScopes/)
  expect(made(['x'.repeat(4096)])).toHaveProperty('client')
})

describe('an ES256 signature', () => {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const sOf = (token: string): bigint => {
    const octets = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')
    return BigInt(`0x${octets.toString('hex', 32)}`)
  }
  /** The same token, in the one other spelling that there is. */
  const respelled = (token: string): string => {
    const octets = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')
    octets.write((order - sOf(token)).toString(16).padStart(64, '0'), 32, 'hex')
    return `${token.slice(0, token.lastIndexOf('.'))}.${octets.toString('base64url')}`
  }
  const es256 = (): TestServer => apiServer({ server: { signingKeys: loadSigningKeys([signingKey]) } })
  const ask = async (server: TestServer): Promise<string> =>
    (await post(server, '/oauth/token', { grant_type: 'client_credentials' }, 'jwt-app')).body.access_token

  it('is made with the smaller S, every time (V22)', async () => {
    const server = es256()
    for (let time = 0; time < 40; time++) expect(sOf(await ask(server)) <= order / 2n).toBe(true)
  })

  it('has one other spelling, which is the same token: revoked under either, refused under both (V22)', async () => {
    for (const revoked of [(token: string) => token, respelled]) {
      const server = es256()
      const token = await ask(server)
      const other = respelled(token)
      expect(other).not.toBe(token)
      expect(respelled(other)).toBe(token)
      expect(claimsOf(other)).toEqual(claimsOf(token))
      for (const one of [token, other, token, other, token, other]) expect(await statusOf(server, one)).toBe(200)
      expect((await post(server, '/oauth/revoke', { token: revoked(token) }, 'jwt-app')).status).toBe(200)
      for (const one of [token, other]) {
        expect(await statusOf(server, one)).toBe(401)
        expect(await introspect(server, one)).toEqual({ active: false })
      }
    }
  })
})

describe('a client that may introspect', () => {
  it('is a posture finding if it may introspect for every one of several resources', async () => {
    const server = apiServer()
    const token = String(
      (await post(server, '/oauth/token', { grant_type: 'client_credentials' }, 'jwt-app')).body.access_token,
    )
    await introspect(server, token, 'stock-inspector')
    const codes = (): string[] => server.oauth.posture().map(({ code }) => code)
    expect(codes()).not.toContain('introspects_everything')
    await introspect(server, token, 'inspector')
    const finding = server.oauth.posture().find(({ code }) => code === 'introspects_everything')
    expect(finding).toMatchObject({
      reason: expect.stringContaining('inspector'),
      remedy: expect.stringContaining('introspectsFor'),
    })
  })
})
