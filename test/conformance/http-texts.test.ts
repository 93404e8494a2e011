import { inspect } from 'node:util'
import fc from 'fast-check'
import { ConfigurationError, OAuthError, type GrantHandler, type RequestContext } from 'latchkey'
import request from 'supertest'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { basicLine, formLine, postToken, signIn } from '../fixtures/post-token.js'
import { sendRaw } from '../fixtures/raw-http.js'
import { basicChallenge } from '../fixtures/shown-answer.js'
import { standardErrorOf } from '../fixtures/standard-error.js'
import { basic, clients, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const grantType = 'urn:example:refusing'
const stockSync = clients.find(({ clientId }) => clientId === 'stock-sync')!

/** A server with a grant that refuses in the words of somebody else. */
function refusing(refuse: () => OAuthError): TestServer {
  const grant: GrantHandler = {
    grantType,
    grantAccess() {
      throw refuse()
    },
  }
  return testServer({ server: { grants: [grant] }, moreClients: [{ ...stockSync, grantTypes: [grantType] }] })
}

describe('texts for clients', () => {
  it('contain only what RFC 6749 allows, even from an application’s grant (HTP-19, HTP-20)', async () => {
    let description = ''
    const server = refusing(() => new OAuthError('invalid_client', description))
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'a\r\nSet-Cookie: a=b', '"\\', 'é€🔑'))
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        description = text
        const { status, headers, body } = await postToken(server, `grant_type=${grantType}`)
        expect([status, headers['www-authenticate'], headers['set-cookie']]).toEqual([401, basicChallenge, undefined])
        expect(body.error).toBe('invalid_client')
        expect(body.error_description ?? '-').toMatch(/^[\x20\x21\x23-\x5B\x5D-\x7E]+$/)
      }),
      { numRuns: 50 },
    )
  })

  it.each(['', 'a"b', 'a\\b', 'a\r\nSet-Cookie: a=b', 'café', 'a\tb'])('have no realm like %j (HTP-20)', (realm) => {
    expect(() => testServer({ server: { realm } })).toThrow(ConfigurationError)
  })

  it('name the realm that was chosen (HTP-20)', async () => {
    const { http } = testServer({ server: { realm: "Bob's (best) shop, Inc. = 1" } })
    const { headers } = await request(http).post('/oauth/token').type('form').send('grant_type=client_credentials')
    expect(headers['www-authenticate']).toBe(`Basic realm="Bob's (best) shop, Inc. = 1", charset="UTF-8"`)
  })
})

describe('texts for the operator', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it('have no secret, password or token in them; nor do stores get any in the context (HTP-31)', async () => {
    const server = testServer()
    const contexts: RequestContext[] = []
    keepContexts(server.stores.clients, 'findClient', contexts)
    keepContexts(server.stores.tokens, 'findRefreshToken', contexts)
    const secrets = await useSecrets(server)
    expect(server.events.length).toBeGreaterThan(20)
    expectNone(secrets, inspect(server.events, { depth: null, showHidden: true }))
    expect(contexts.length).toBeGreaterThan(10)
    expectNone(
      secrets,
      inspect([contexts, contexts.map((context) => context.parameters)], { depth: null, showHidden: true }),
    )
  })

  it('have none on the console, without a listener (HTP-31)', async () => {
    let secrets: readonly string[] = []
    vi.stubEnv('NODE_ENV', 'development')
    const written = await standardErrorOf(async () => {
      const server = testServer({ server: { onEvent: undefined as never } })
      server.stores.tokens.revokeTokens = () => {
        throw new Error('out of order')
      }
      secrets = await useSecrets(server)
    })
    expect(written).toContain(' latchkey warn warning password_grant_enabled ')
    expect(written).toContain(' latchkey error failure server_error ')
    expect(written).toContain(' latchkey info request_refused ')
    expectNone(secrets, written)
  })

  it.each(['a\r\nlatchkey: all is well', '\u001B[2Jgone', 'a\u2028b', '\u202Eabc', 'na\u00EFve', 'a\u0000b'])(
    'have no line break or colour from a stranger: %j (HTP-32)',
    async (id) => {
      const server = testServer()
      const form = new URLSearchParams({ grant_type: 'password', username: id, password: id, scope: id }).toString()
      await postToken(server, form, 'shop-app')
      await postToken(server, `grant_type=${encodeURIComponent(id)}`, 'shop-app')
      for (const secret of ['', '&client_secret=x']) {
        const named = `${form}&client_id=${encodeURIComponent(id)}${secret}`
        await request(server.http).post('/oauth/token').type('form').send(named)
      }
      await request(server.http).post('/oauth/token').set('Authorization', basic(id, 'x')).type('form').send(form)
      expect(server.events.filter(({ type }) => type === 'request_refused')).toHaveLength(5)
      for (const event of server.events) {
        for (const text of Object.values(event)) expect(String(text)).toMatch(/^[\x20-\x7E]*$/)
      }
    },
  )
})

/** Sends secrets of all kinds to every place where they could be sent, rightly and wrongly, and answers them. */
async function useSecrets(server: TestServer): Promise<readonly string[]> {
  const typed = 'T0p-S3cret'
  const tokens = await signIn(server)
  const refresh = `grant_type=refresh_token&refresh_token=${tokens.refresh_token}`
  const { body: successors } = await postToken(server, refresh, 'shop-app')
  await postToken(server, refresh, 'other-app')
  server.advance(11)
  await postToken(server, refresh, 'shop-app')
  for (const form of [
    `grant_type=password&username=alice&password=${typed}`,
    `grant_type=password&username=alice&password=${typed}%00`,
    `grant_type=refresh_token&refresh_token=${typed}`,
    `client_secret=${typed}&client_secret=${typed}`,
    `token=${typed}&assertion=${typed}&code=${typed}&client_assertion=${typed}`,
  ]) {
    await postToken(server, form, 'shop-app')
  }
  const header = basicLine('shop-app', typed)
  for (const line of [header, `Authorization: Basic ${typed}`, `Authorization: ${typed}`, 'Accept: */*']) {
    const post = ['HTTP/1.1', formLine, line]
    await sendRaw(
      server.http,
      ['POST /oauth/token HTTP/1.1', ...post.slice(1)],
      `client_id=post-app&client_secret=${typed}`,
    )
    await sendRaw(server.http, ['POST /oauth/token HTTP/1.1', ...post.slice(1)], 'grant_type=client_credentials')
    await sendRaw(server.http, [`POST /oauth/token?password=${typed} HTTP/1.1`, ...post.slice(1)])
    await sendRaw(server.http, [`GET /orders?access_token=${typed} HTTP/1.1`, line])
  }
  for (const token of [typed, tokens.access_token, successors.access_token]) {
    await sendRaw(server.http, ['GET /profile HTTP/1.1', `Authorization: Bearer ${token}`])
  }
  const sent = [typed, "alice's password", secretOf('shop-app'), secretOf('other-app')]
  return [...sent, tokens.access_token, tokens.refresh_token, successors.access_token, successors.refresh_token]
}

function expectNone(secrets: readonly string[], text: string): void {
  for (const secret of secrets) {
    const spellings = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')]
    for (const spelling of spellings) expect(text.includes(spelling)).toBe(false)
  }
}

/** Keeps the context with which a method of a store is called. */
function keepContexts<Name extends string>(
  store: Record<Name, (key: never, context: RequestContext) => unknown>,
  method: Name,
  contexts: RequestContext[],
): void {
  const original = store[method].bind(store)
  store[method] = (key, context) => {
    contexts.push(context)
    return original(key, context)
  }
}
