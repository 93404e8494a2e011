import { createHash } from 'node:crypto'
import { createClient, type ClientSecret, type ConfidentialClient, type PasswordHasher } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import request from 'supertest'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sendRaw } from '../fixtures/raw-http.js'
import { invalidClient, issued, shown, type ShownAnswer } from '../fixtures/shown-answer.js'
import { basic, digestOf, hasher, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const startedAt = 1_800_000_000

const good = digestOf('secret')

function app(clientId: string, secrets: readonly ClientSecret[]): ConfidentialClient {
  return {
    clientId,
    clientType: 'confidential',
    authMethods: ['client_secret_basic'],
    secrets,
    grantTypes: ['client_credentials'],
    scopes: ['orders:read'],
    defaultScopes: ['orders:read'],
  }
}

async function token(server: TestServer, clientId: string, secret: string): Promise<ShownAnswer> {
  const http = request(server.http).post('/oauth/token').type('form')
  return shown(await http.set('Authorization', basic(clientId, secret)).send('grant_type=client_credentials'))
}

describe('client secrets', () => {
  let chosen: ClientSecret

  beforeAll(async () => {
    chosen = { digest: await hasher.hash('chosen: by a person +%') }
  })

  describe('generated secrets', () => {
    const registration = { grantTypes: ['client_credentials'], scopes: ['orders:read'], defaultScopes: ['orders:read'] }

    it('ids and secrets consist of what form-encoding leaves alone (CLA-06)', () => {
      const created = Array.from({ length: 50 }, () => createClient(registration))
      for (const { client, clientSecret } of created) {
        expect(client.clientId).toMatch(/^[A-Za-z0-9_-]{22}$/)
        expect(clientSecret).toMatch(/^[A-Za-z0-9_-]{43}$/)
      }
      expect(new Set(created.map(({ client }) => client.clientId)).size).toBe(50)
      expect(new Set(created.map(({ clientSecret }) => clientSecret)).size).toBe(50)
    })

    it('are kept as a SHA-256 digest, and authenticate the client (CLA-25, CLA-38)', async () => {
      const { client, clientSecret } = createClient(registration)
      const digest = `sha256:${createHash('sha256').update(clientSecret).digest('base64url')}`
      const [{ secretId, createdAt } = {}] = client.secrets
      expect(client).toEqual(app(client.clientId, [{ secretId, digest, createdAt }]))
      const server = testServer({ moreClients: [client] })
      expect(await token(server, client.clientId, clientSecret)).toEqual(issued('orders:read'))
      expect(await token(server, client.clientId, digest)).toEqual(invalidClient)
      expect(await token(server, client.clientId, digest.slice(7))).toEqual(invalidClient)
    })

    it.each([
      ['a digest of another length', ['sha256:', 'sha256:x', good.slice(0, -1), `${good}=`], [10, 64, 5000]],
      ['a digest in other letters', [good.replace(/:.*/, (text) => text.toUpperCase())], [10, 64, 5000]],
      ['no secret', [], [10, 64, 5000]],
      // Compared by bcrypt, which is slow: one more attempt only.
      ['what is no digest at all', ['', 'sha256', 'secret', '$2x$'], [64]],
    ])('a secret of any length meets %s without an exception (CLA-25)', async (_what, digests, lengths) => {
      const server = testServer({
        moreClients: [
          app(
            'odd',
            digests.map((digest) => ({ digest })),
          ),
        ],
      })
      expect(await token(server, 'odd', 'secret')).toEqual(invalidClient)
      for (const length of lengths) expect(await token(server, 'odd', 's'.repeat(length))).toEqual(invalidClient)
      expect(server.events.filter(({ type }) => type === 'failure')).toEqual([])
    })
  })

  it('chosen secrets are stored as a slow hash, and form-encoded on the wire like any other (CLA-38)', async () => {
    const server = testServer({ moreClients: [app('brought-along', [chosen])] })
    expect(await token(server, 'brought-along', 'chosen: by a person +')).toEqual(invalidClient)
    expect(await token(server, 'brought-along', chosen.digest)).toEqual(invalidClient)
    expect(await token(server, 'brought-along', 'chosen: by a person +%')).toEqual(issued('orders:read'))
  })

  describe('several at once', () => {
    const old = { digest: digestOf('the old one'), expiresAt: startedAt + 60 }
    const next = { digest: digestOf('the next one') }

    it('are all valid until they expire (CLA-27)', async () => {
      const server = testServer({ moreClients: [app('rotating', [old, next])] })
      expect(await token(server, 'rotating', 'the oldest one')).toEqual(invalidClient)
      expect(await token(server, 'rotating', 'the old one')).toEqual(issued('orders:read'))
      expect(await token(server, 'rotating', 'the next one')).toEqual(issued('orders:read'))

      server.advance(59)
      expect(await token(server, 'rotating', 'the old one')).toEqual(issued('orders:read'))
      server.advance(1)
      expect(await token(server, 'rotating', 'the old one')).toEqual(invalidClient)
      expect(await token(server, 'rotating', 'the next one')).toEqual(issued('orders:read'))
    })

    it('are all valid even if people chose several of them (CLA-27)', async () => {
      const another = { digest: await hasher.hash('another one') }
      const server = testServer({ moreClients: [app('rotating', [chosen, another])] })
      expect(await token(server, 'rotating', 'another one')).toEqual(issued('orders:read'))
      expect(await token(server, 'rotating', 'chosen: by a person +%')).toEqual(issued('orders:read'))
    })

    it('let a generated secret replace a chosen one without downtime (CLA-27)', async () => {
      const client = app('rotating', [{ ...chosen, expiresAt: startedAt + 60 }, next])
      const server = testServer({ moreClients: [client] })
      expect(await token(server, 'rotating', 'the next one')).toEqual(issued('orders:read'))
      expect(await token(server, 'rotating', 'chosen: by a person +%')).toEqual(issued('orders:read'))
      server.advance(60)
      expect(await token(server, 'rotating', 'chosen: by a person +%')).toEqual(invalidClient)
      expect(await token(server, 'rotating', 'the next one')).toEqual(issued('orders:read'))

      server.stores.clients.saveClient({ ...client, secrets: [] })
      expect(await token(server, 'rotating', 'the next one')).toEqual(invalidClient)
    })
  })

  describe('a failure reveals nothing', () => {
    const expired = { digest: good, expiresAt: startedAt }
    const attempts: readonly (readonly [what: string, clientId: string, secret: string])[] = [
      ['an unknown client', 'stranger', 'secret'],
      ['a wrong secret', 'shop-app', 'wrong'],
      ['a wrong secret of a client with a chosen one', 'brought-along', 'wrong'],
      ['a disabled client with its right secret', 'disabled-app', secretOf('disabled-app')],
      ['a disabled client with a wrong secret', 'disabled-app', 'wrong'],
      ['an expired secret', 'expired-app', 'secret'],
      ['a client without any secret', 'bare-app', 'secret'],
      ['a client that is registered for another method', 'post-app', secretOf('post-app')],
      ['a public client', 'spa', 'secret'],
    ]
    let server: TestServer
    let serverWith: (...more: readonly ConfidentialClient[]) => TestServer
    /** The slow work that the server asked for; nothing is hashed here. */
    let work: ('verify' | 'verifyNobody')[]

    beforeEach(() => {
      work = []
      const secretHasher: PasswordHasher = {
        ...hasher,
        async verify() {
          work.push('verify')
          return false
        },
        async verifyNobody() {
          work.push('verifyNobody')
        },
      }
      serverWith = (...more) =>
        testServer({
          moreClients: [
            app('expired-app', [expired]),
            app('bare-app', []),
            app('good-app', [{ digest: good }]),
            ...more,
          ],
          server: { secretHasher },
        })
      server = serverWith(app('brought-along', [chosen]))
    })

    it('responds with the same bytes for every reason; the operator gets the reason (CLA-24)', async () => {
      const answers: string[] = []
      for (const [, clientId, secret] of attempts) {
        const headers = ['Content-Type: application/x-www-form-urlencoded', `Authorization: ${basic(clientId, secret)}`]
        const answer = await sendRaw(
          server.http,
          ['POST /oauth/token HTTP/1.1', ...headers],
          'grant_type=client_credentials',
        )
        expect(shown(answer)).toEqual(invalidClient)
        answers.push(answer.octets)
      }
      expect(new Set(answers).size).toBe(1)
      expect(
        server.events.flatMap((event) => (event.type === 'client_authentication_failed' ? [event.reason] : [])),
      ).toEqual([
        'unknown_client',
        'wrong_credentials',
        'wrong_credentials',
        'client_disabled',
        'client_disabled',
        'wrong_credentials',
        'wrong_credentials',
        'method_not_registered',
        'method_not_registered',
      ])
    })

    it('computes no slow hash while every secret is a digest (CLA-24)', async () => {
      server = serverWith()
      for (const [, clientId, secret] of attempts.filter(([, id]) => id !== 'brought-along')) {
        expect(await token(server, clientId, secret)).toEqual(invalidClient)
      }
      expect(await token(server, 'good-app', 'secret')).toEqual(issued('orders:read'))
      expect(work).toEqual([])
    })

    it.each(attempts.filter(([what]) => !what.includes('right secret') && !what.includes('another method')))(
      'one slow hash for %s from the first request on, where a client has a chosen secret (V14) (CLA-24)',
      async (_what, clientId, secret) => {
        expect(await token(server, clientId, secret)).toEqual(invalidClient)
        expect(work).toHaveLength(1)
        expect(await token(server, 'good-app', 'secret')).toEqual(issued('orders:read'))
        expect(work).toHaveLength(1)
      },
    )
  })

  describe('if the store cannot list its clients', () => {
    function restricted(chosenClientSecrets?: boolean): TestServer {
      const listed = [app('brought-along', [chosen]), app('good-app', [{ digest: good }])]
      const { clients: registry } = createMemoryStores({ clients: listed })
      const clients = { findClient: (clientId: string) => registry.findClient(clientId) }
      return testServer({ server: { clients, ...(chosenClientSecrets !== undefined && { chosenClientSecrets }) } })
    }

    it('chosen secrets are refused like wrong ones, and the operator learns why and what to do (V14)', async () => {
      const server = restricted()
      server.events.length = 0
      for (let i = 0; i < 2; i += 1)
        expect(await token(server, 'brought-along', 'chosen: by a person +%')).toEqual(invalidClient)
      expect(await token(server, 'good-app', 'secret')).toEqual(issued('orders:read'))
      const failed = { type: 'client_authentication_failed', clientId: 'brought-along' }
      expect(server.events).toMatchObject([
        {
          type: 'warning',
          code: 'chosen_secrets_not_enabled',
          message: expect.stringContaining('chosenClientSecrets: true') as string,
        },
        { ...failed, reason: 'chosen_secrets_not_enabled' },
        { type: 'request_refused' },
        { ...failed, reason: 'chosen_secrets_not_enabled' },
        { type: 'request_refused' },
        { type: 'tokens_issued' },
      ])
    })

    it('chosen secrets are accepted with chosenClientSecrets (V14)', async () => {
      const server = restricted(true)
      expect(await token(server, 'brought-along', 'chosen: by a person +%')).toEqual(issued('orders:read'))
    })
  })
})
