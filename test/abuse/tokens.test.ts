import { createServer } from 'node:http'
import { once } from 'node:events'
import express from 'express'
import { beforeAll, describe, expect, it } from 'vitest'
import { StoreUnavailableError } from 'latchkey'
import { clientLike, stockApi } from '../fixtures/api-server.js'
import { jws, segment } from '../fixtures/jwt-server.js'
import { plainServer } from '../fixtures/plain-passwords.js'
import { basicLine, formLine } from '../fixtures/post-token.js'
import type { RawAnswer } from '../fixtures/raw-http.js'
import { answered, invalidClient, refused, shown, scopeWords, repeatedWords } from '../fixtures/shown-answer.js'
import { catalogue } from '../fixtures/test-server.js'
import { attackedServer, member, type AttackedServer } from './attacked.js'
import { ask } from './exchange.js'
import { revokeForgedJwts } from './floods.js'
import { watchProcess } from './process-watch.js'

watchProcess()

const invalidGrant = refused(
  400,
  'invalid_grant',
  'The refresh token is invalid, expired, revoked, or belongs to another client',
)
const invalidScope = refused(400, 'invalid_scope', scopeWords)
const repeated = refused(400, 'invalid_request', repeatedWords)
const done = answered(200, {})
const inactive = answered(200, { active: false })
const signIn = 'grant_type=password&username=alice&password=alice%27s+password'
const own = 'grant_type=client_credentials'

interface Tokens {
  readonly access: string
  readonly refresh: string
}

let server: AttackedServer
/** Strict: whoever comes second has come too late. */
let strict: AttackedServer

beforeAll(async () => {
  const signsIn = { firstParty: true, grantTypes: ['password', 'refresh_token'], scopes: catalogue } as const
  const moreClients = [clientLike('thief', signsIn)]
  server = await attackedServer({ moreClients })
  strict = await attackedServer({ moreClients, refresh: { graceSeconds: 0 } })
})

async function tokensOf(at: AttackedServer, more = '', clientId = 'opaque-app'): Promise<Tokens> {
  const answer = await at.postAs(clientId, signIn + more)
  expect(answer.status).toBe(200)
  return { access: member(answer, 'access_token'), refresh: member(answer, 'refresh_token') }
}

const refresh = (at: AttackedServer, token: string, more = '', clientId = 'opaque-app'): Promise<RawAnswer> =>
  at.postAs(clientId, `grant_type=refresh_token&refresh_token=${encodeURIComponent(token)}${more}`)
const revoke = (token: string, more = '', clientId = 'opaque-app'): Promise<RawAnswer> =>
  server.postAs(clientId, `token=${encodeURIComponent(token)}${more}`, '/oauth/revoke')
const introspect = (token: string, clientId = 'inspector', at = server): Promise<RawAnswer> =>
  at.postAs(clientId, `token=${encodeURIComponent(token)}`, '/oauth/introspect')

async function succeed(answer: Promise<RawAnswer>): Promise<Tokens> {
  const given = await answer
  expect(given.status).toBe(200)
  return { access: member(given, 'access_token'), refresh: member(given, 'refresh_token') }
}

describe('refresh tokens', () => {
  it('one of 50 concurrent uses rotates (ABU-084)', async () => {
    const { refresh: token } = await tokensOf(strict)
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(strict, token)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const answer of answers) if (answer.status !== 200) expect(shown(answer)).toEqual(invalidGrant)
  })

  it.each([1, 3])('a token that was used %i rotations ago ends everything (ABU-085, ABU-086)', async (rotations) => {
    const first = await tokensOf(strict)
    const all = [first]
    for (let i = 0; i < rotations; i++) all.push(await succeed(refresh(strict, all.at(-1)!.refresh)))
    expect(shown(await refresh(strict, first.refresh))).toEqual(invalidGrant)
    for (const { access, refresh: token } of all) {
      expect(shown(await refresh(strict, token))).toEqual(invalidGrant)
      expect((await strict.get(access)).status).toBe(401)
      expect(shown(await introspect(access, 'inspector', strict))).toEqual(inactive)
    }
  })

  it('return the same successor within the grace, to their own client only, and are a replay after it (ABU-087)', async () => {
    const { refresh: token } = await tokensOf(server)
    const next = await succeed(refresh(server, token))
    expect(await succeed(refresh(server, token))).toEqual(next)
    expect(shown(await refresh(server, token, '', 'thief'))).toEqual(invalidGrant)
    expect(await succeed(refresh(server, token))).toEqual(next)
    server.advance(10)
    expect(shown(await refresh(server, token))).toEqual(invalidGrant)
    expect(shown(await refresh(server, next.refresh))).toEqual(invalidGrant)
    expect((await server.get(next.access)).status).toBe(401)
  })

  it('a foreign client gets nothing for one, and spends nothing (ABU-088)', async () => {
    const { refresh: token } = await tokensOf(strict)
    expect(shown(await refresh(strict, token, '', 'thief'))).toEqual(invalidGrant)
    await succeed(refresh(strict, token))
  })

  it('more scope is refused and spends nothing; less scope is not permanent (ABU-089, ABU-090)', async () => {
    const { refresh: token } = await tokensOf(strict, '&scope=orders:read+profile')
    expect(shown(await refresh(strict, token, '&scope=orders:read+orders:write'))).toEqual(invalidScope)
    const less = await refresh(strict, token, '&scope=profile')
    expect(member(less, 'scope')).toBe('profile')
    expect(member(await refresh(strict, member(less, 'refresh_token')), 'scope')).toBe('orders:read profile')
  })

  it('neither kind of token works in place of the other (ABU-091)', async () => {
    const { access, refresh: token } = await tokensOf(server)
    expect(shown(await refresh(server, access))).toEqual(invalidGrant)
    expect((await server.get(token)).status).toBe(401)
  })

  it('a sign-in that is refreshed all the time still expires (ABU-092)', async () => {
    const own = await attackedServer({ server: { authorizationLifetimeSeconds: 86_400 } })
    let token = (await tokensOf(own)).refresh
    for (let hour = 1; hour < 24; hour++) {
      own.advance(3600)
      token = (await succeed(refresh(own, token))).refresh
    }
    own.advance(3600)
    expect(shown(await refresh(own, token))).toEqual(invalidGrant)
  })

  it('refuses the token of a user who is deleted, disabled, or signed out everywhere (ABU-093)', async () => {
    const own = await attackedServer()
    const alice = own.users.get('alice')!
    for (const end of [
      () => own.users.delete('alice'),
      () => own.users.set('alice', { ...alice, disabled: true }),
      // What an application does when a password was changed, or consent is withdrawn.
      () => own.oauth.authorizations.revoke({ userId: alice.userId }),
    ]) {
      const { refresh: token } = await tokensOf(own)
      await end()
      expect(shown(await refresh(own, token))).toEqual(invalidGrant)
      own.users.set('alice', alice)
    }
  })

  it('a disabled client is refused, and its tokens once they are revoked (ABU-094)', async () => {
    const own = await attackedServer()
    const { access, refresh: token } = await tokensOf(own)
    const client = own.stores.clients.findClient('opaque-app')!
    own.stores.clients.saveClient({ ...client, disabled: true })
    expect(shown(await refresh(own, token))).toEqual(invalidClient)
    expect(shown(await introspect(access, 'inspector', own))).toEqual(inactive)
    await own.oauth.authorizations.revoke({ clientId: 'opaque-app' })
    expect((await own.get(access)).status).toBe(401)
  })

  it.each([
    ['of 1 MB', 'x'.repeat(1_000_000), refused(413, 'invalid_request', 'The body is too large')],
    ['with a NUL', 'abc\0', invalidGrant],
    ['of SQL', "' OR 1=1--", invalidGrant],
    ['of a path', '../../x', invalidGrant],
    ['of an operator', '{"$ne":null}', invalidGrant],
    ['of 513 characters', 'x'.repeat(513), invalidGrant],
    ['of letters beyond ASCII', 'é', invalidGrant],
  ])('one %s is refused, and no store sees it as it is (ABU-095)', async (_what, token, answer) => {
    const own = await attackedServer()
    const asked: unknown[] = []
    own.stores.tokens.findRefreshToken = (hash) => void asked.push(hash)
    await own.attackForm(`grant_type=refresh_token&refresh_token=${encodeURIComponent(token)}`, answer, 'opaque-app')
    for (const hash of asked) expect(hash).toMatch(/^[\w-]{43}$/)
  })

  it('a store that fails after the rotation signs no user out (ABU-096)', async () => {
    const own = await attackedServer()
    const { refresh: token } = await tokensOf(own)
    const { tokens } = own.stores
    const rotate = tokens.rotateRefreshToken.bind(tokens)
    tokens.rotateRefreshToken = (rotation) => {
      rotate(rotation)
      throw new StoreUnavailableError('gone')
    }
    expect((await refresh(own, token)).status).toBe(503)
    tokens.rotateRefreshToken = rotate
    const next = await succeed(refresh(own, token))
    await succeed(refresh(own, next.refresh))
  })
})

describe('revocation', () => {
  it('of another client’s tokens gets the response for unknown ones, and they still work (V24) (ABU-097)', async () => {
    for (const clientId of ['opaque-app', 'jwt-app']) {
      const { access, refresh: token } = await tokensOf(server, '', clientId)
      const unknown = shown(await revoke('unknown', '', 'thief'))
      for (const theirs of [access, token]) expect(shown(await revoke(theirs, '', 'thief'))).toEqual(unknown)
      expect((await server.get(access)).status).toBe(200)
      await succeed(refresh(server, token, '', clientId))
    }
  })

  it.each([
    ['garbage', 'nobody-knows-this', done],
    ['a space', ' ', done],
    ['1 MB', 'x'.repeat(1_000_000), refused(413, 'invalid_request', 'The body is too large')],
    ['a JWT with a bad signature', `${segment({ alg: 'ES256', typ: 'at+jwt' })}.${segment({ sub: 'a' })}.AAAA`, done],
    ['letters beyond ASCII', 'é\0', done],
  ])('of %s (ABU-098)', async (_what, token, answer) => {
    await server.attackForm(`token=${encodeURIComponent(token)}`, answer, 'opaque-app', '/oauth/revoke')
  })

  it('of 300 forged JWTs is remembered for none of them (ABU-099)', async () => {
    await revokeForgedJwts(server, 300)
  })

  it('in a race with 50 refreshes leaves nothing that works (ABU-100)', async () => {
    const { refresh: token } = await tokensOf(server)
    const race = Array.from({ length: 50 }, () => refresh(server, token))
    const answers = await Promise.all([...race.slice(0, 25), revoke(token), ...race.slice(25)])
    for (const answer of answers.filter(({ text }) => text.includes('access_token'))) {
      expect((await server.get(member(answer, 'access_token'))).status).toBe(401)
      expect(shown(await refresh(server, member(answer, 'refresh_token')))).toEqual(invalidGrant)
    }
    expect(shown(await refresh(server, token))).toEqual(invalidGrant)
  })

  it('with a hint that is wrong, unknown or repeated (ABU-101)', async () => {
    for (const hint of ['access_token', 'foo', '', '__proto__']) {
      const { access, refresh: token } = await tokensOf(server)
      expect(shown(await revoke(token, `&token_type_hint=${hint}&token_type_hint=${hint}`))).toEqual(repeated)
      expect((await server.get(access)).status).toBe(200)
      expect(shown(await revoke(token, `&token_type_hint=${hint}`))).toEqual(done)
      expect((await server.get(access)).status).toBe(401)
    }
  })

  it('by GET, or with a callback, is refused (ABU-102)', async () => {
    const { access } = await tokensOf(server)
    const lines = [`GET /oauth/revoke?token=${access}&callback=alert(1) HTTP/1.1`, basicLine('opaque-app')]
    const refusal = refused(405, 'invalid_request', 'Only POST is allowed here')
    expect((await server.attack(lines, '', refusal)).octets).not.toContain('alert')
    expect((await server.get(access)).status).toBe(200)
  })
})

describe('introspection', () => {
  it('of a token for another resource server (ABU-103)', async () => {
    const { access } = await tokensOf(server)
    expect(shown(await introspect(access, 'stock-inspector'))).toEqual(inactive)
    const stock = await server.postAs('stock-only', `${own}&resource=${encodeURIComponent(stockApi)}&scope=stock:write`)
    expect((await introspect(member(stock, 'access_token'), 'stock-inspector')).text).toContain('"active":true')
  })

  it.each([
    ['nobody', '', []],
    ['a public client', '&client_id=spa', []],
    ['a client with a wrong secret', '', [basicLine('inspector', 'wrong')]],
    ['a bearer of the token', '', ['Authorization: Bearer TOKEN']],
  ])('by %s (ABU-104, ABU-107)', async (_who, more, lines: string[]) => {
    const { access } = await tokensOf(server)
    const head = ['POST /oauth/introspect HTTP/1.1', formLine, ...lines.map((line) => line.replace('TOKEN', access))]
    await server.attack(head, `token=${access}${more}`, invalidClient)
  })

  it('of tokens that no longer work, or never did (ABU-105)', async () => {
    const own = await attackedServer()
    const { access, refresh: token } = await tokensOf(own)
    const { access: jwt } = await tokensOf(own, '', 'jwt-app')
    const [head = '', claims = ''] = jwt.split('.')
    const unsigned = `${segment({ alg: 'none', typ: 'at+jwt' })}.${claims}.`
    const others = JSON.parse(Buffer.from(claims, 'base64url').toString())
    const foreignJwt = jws({ alg: 'ES256', typ: 'at+jwt' }, { ...others, iss: 'https://other.example' }, () =>
      Buffer.alloc(64, 1),
    )
    for (const dead of ['garbage', unsigned, foreignJwt, `${head}.${claims}.AAAA`, ' ', 'é'])
      expect(shown(await introspect(dead, 'inspector', own))).toEqual(inactive)
    expect((await own.postAs('opaque-app', `token=${token}`, '/oauth/revoke')).status).toBe(200)
    expect(shown(await introspect(access, 'inspector', own))).toEqual(inactive)
    own.advance(3600)
    expect(shown(await introspect(jwt, 'inspector', own))).toEqual(inactive)
  })

  it('of a refresh token by a resource server (ABU-106)', async () => {
    const { refresh: token } = await tokensOf(server)
    expect(shown(await introspect(token))).toEqual(inactive)
  })
})

describe('metadata', () => {
  const path = '/.well-known/oauth-authorization-server'

  it.each(['Host: evil.example', 'X-Forwarded-Host: evil.example', 'Forwarded: host=evil.example'])(
    'does not believe %s (ABU-109)',
    async (line) => {
      const honest = await ask(server.http, [`GET ${path} HTTP/1.1`])
      const lines = [`GET ${path} HTTP/1.1`, line]
      // Two lines of one name are refused by Node: this one stands alone.
      const given = line.startsWith('Host')
        ? await ask(server.http, [`GET http://evil.example${path} HTTP/1.1`])
        : undefined
      const answer = given ?? (await ask(server.http, lines))
      expect(answer.text).toBe(honest.text)
      expect(answer.text).toContain('"issuer":"http://127.0.0.1"')
      expect(answer.octets).not.toContain('evil')
    },
  )

  it('of an issuer with a path is where RFC 8414 says, and not behind the path (ABU-110)', async () => {
    const { oauth } = plainServer({ server: { issuer: 'http://127.0.0.1/tenant' } })
    const http = createServer(express().use(oauth.router()))
    await once(http.listen(0, '127.0.0.1'), 'listening')
    expect((await ask(http, [`GET ${path}/tenant HTTP/1.1`])).status).toBe(200)
    expect((await ask(http, [`GET /tenant${path} HTTP/1.1`])).status).toBe(404)
    expect((await ask(http, [`GET ${path} HTTP/1.1`])).status).toBe(404)
    http.close()
  })
})
