import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { createResourceServer, type ResourceServerOptions } from 'latchkey/resource-server'
import request, { type Response } from 'supertest'
import { afterEach, describe, expect, it } from 'vitest'
import { api, clientToken, goodClaims, jws, jwtServer, privateKeys, signer } from '../fixtures/jwt-server.js'
import type { TestServer } from '../fixtures/test-server.js'

const hosts: Server[] = []
afterEach(() => {
  for (const host of hosts.splice(0)) host.close()
})

async function listening(answer: RequestListener): Promise<string> {
  const host = createServer(answer)
  hosts.push(host)
  await once(host.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${String((host.address() as AddressInfo).port)}/keys`
}

/** An issuer, and a resource server of its own at `/remote` that reads its keys from `uri`. */
function withResourceServer(uri: string, jwks: Partial<ResourceServerOptions['jwks'] & object> = {}): TestServer {
  const resourceServer = createResourceServer({
    issuer: 'http://127.0.0.1',
    audience: api,
    jwks: { uri, ...jwks },
    clock: () => 1_800_000_000,
    onEvent: () => undefined,
  })
  return jwtServer({ routes: (app) => app.get('/remote', resourceServer.requireBearer(), (_, res) => res.json('in')) })
}

async function published(server: TestServer): Promise<Record<string, unknown>[]> {
  return (await request(server.http).get('/oauth/jwks')).body.keys
}

async function present(server: TestServer, token: string): Promise<[status: number, body: unknown]> {
  const answer: Response = await request(server.http).get('/remote').set('Authorization', `Bearer ${token}`)
  return [answer.status, answer.status === 200 ? answer.body : answer.body.error]
}

const accepted = [200, 'in']
const invalid = [401, 'invalid_token']
const unavailable = [503, 'temporarily_unavailable']

describe('the keys that a resource server reads', () => {
  it('are fetched once for all waiting requests and all unknown ids (JWK-09)', async () => {
    let requests = 0
    const uri = await listening((_, res) => {
      requests++
      res.end(JSON.stringify({ keys }))
    })
    const server = withResourceServer(uri)
    const keys = await published(server)
    const token = await clientToken(server)
    await once(server.http.listen(0, '127.0.0.1'), 'listening')
    hosts.push(server.http)
    const together = await Promise.all(Array.from({ length: 10 }, () => present(server, token)))
    for (const answer of together) expect(answer).toEqual(accepted)
    expect(requests).toBe(1)
    const claims = await goodClaims(server)
    for (let count = 0; count < 100; count++) {
      const forged = jws({ alg: 'RS256', typ: 'at+jwt', kid: `unknown-${String(count)}` }, claims, signer('RS256'))
      expect(await present(server, forged)).toEqual(invalid)
    }
    // Just fetched: the cool-down stands in the way of another request.
    expect(requests).toBe(1)
    expect(await present(server, token)).toEqual(accepted)
  })

  it('stay in use while the issuer is unreachable (JWK-09)', async () => {
    let away = false
    const uri = await listening((_, res) => {
      if (away) res.writeHead(500)
      res.end(away ? 'away' : JSON.stringify({ keys }))
    })
    const server = withResourceServer(uri, { cooldownSeconds: 1 })
    const keys = await published(server)
    const token = await clientToken(server)
    expect(await present(server, token)).toEqual(accepted)
    away = true
    await setTimeout(1100)
    const unknown = jws({ alg: 'RS256', typ: 'at+jwt', kid: 'new' }, await goodClaims(server), signer('RS256'))
    expect(await present(server, unknown)).toEqual(unavailable)
    expect(await present(server, token)).toEqual(accepted)
  })

  it('may include unusable keys and unknown members (JWK-10)', async () => {
    const uri = await listening((_, res) => res.end(JSON.stringify({ keys, more: true })))
    const server = withResourceServer(uri)
    const [rsa, ...others] = await published(server)
    const odd = [
      { kty: 'XYZ', kid: 'odd' },
      { kty: 'RSA', kid: 'n missing', e: 'AQAB' },
      { kid: 'nothing' },
      { kty: 'EC', crv: 'P-256' },
    ]
    const keys = [...odd, { ...rsa, comment: 'ours', x5t: 5 }, ...others]
    expect(await present(server, await clientToken(server))).toEqual(accepted)
  })

  it('are not tried one after the other: a token without a key id needs the only key for its algorithm (JWK-11)', async () => {
    let keys: object[] = []
    const uri = await listening((_, res) => res.end(JSON.stringify({ keys })))
    const server = withResourceServer(uri)
    const all = await published(server)
    const unnamed = jws({ alg: 'ES256', typ: 'at+jwt' }, await goodClaims(server), signer('ES256'))
    keys = all
    expect(await present(server, unnamed)).toEqual(accepted)

    const several = withResourceServer(uri)
    keys = all.flatMap((key) => (key['alg'] === 'ES256' ? [key, { ...key, kid: 'another' }] : [key]))
    expect(await present(several, unnamed)).toEqual(invalid)
    const otherType = jws({ alg: 'ES256', typ: 'at+jwt' }, await goodClaims(server), signer('RS256', privateKeys.RS256))
    expect(await present(server, otherType)).toEqual(invalid)
  })

  it.each<[string, (good: string) => RequestListener]>([
    ['redirects to them', (good) => (_, res) => res.writeHead(302, { Location: good }).end()],
    ['answers too much', () => (_, res) => res.end(`{"keys":[],"x":"${'x'.repeat(70_000)}"}`)],
    ['never answers', () => () => undefined],
    ['answers no JSON', () => (_, res) => res.end('<html>')],
    ['answers an error', () => (_, res) => res.writeHead(404).end('{"keys":[]}')],
  ])('are missing if the host %s: no access, and it is not the token’s fault (JWK-12)', async (_, answer) => {
    const good = await listening((_, res) => res.end(JSON.stringify({ keys })))
    const bad = await listening(answer(good))
    const server = withResourceServer(bad, { timeoutMilliseconds: 300 })
    const keys = await published(server)
    expect(await present(server, await clientToken(server))).toEqual(unavailable)
    expect(await present(withResourceServer(good), await clientToken(server))).toEqual(accepted)
    for (const host of hosts) host.closeAllConnections()
  })
})
