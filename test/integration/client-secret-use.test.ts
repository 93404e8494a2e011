import { setTimeout as sleep } from 'node:timers/promises'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  createClient,
  digestClientSecret,
  type Client,
  type ClientSecret,
  type CreatedConfidentialClient,
} from 'latchkey'
import { invalidClient, issued, shown, type ShownAnswer } from '../fixtures/shown-answer.js'
import { basic, hasher, testServer, type TestServer, type TestServerOptions } from '../fixtures/test-server.js'

/** bcrypt, cost 4, of `alice's password`; the hasher of the tests has cost 10. */
const weakHash = '$2b$04$tO4nvyTTGl8vcEKn9cD1qugWL56AYysCEhJlLu7foneD6m7JjGD..'
const HOUR = 3600

let created: CreatedConfidentialClient
let clientId: string
let server: TestServer
/** What was asked of the store, in order. */
let calls: string[]
/** Before a replacement is done. */
let interfere: (() => unknown) | undefined

beforeEach(() => {
  created = createClient({
    grantTypes: ['client_credentials'],
    scopes: ['orders:read'],
    defaultScopes: ['orders:read'],
  })
  clientId = created.client.clientId
  interfere = undefined
  server = watched()
})

function watched(options: TestServerOptions = {}): TestServer {
  const made = testServer({ moreClients: [created.client], ...options })
  calls = []
  const { stores } = made
  const find = stores.clients.findClient.bind(stores.clients)
  const replace = stores.clients.replaceClient.bind(stores.clients)
  Object.assign(stores.clients, {
    findClient(id: string) {
      calls.push('find')
      return find(id)
    },
    async replaceClient(current: Client, next: Client) {
      calls.push('replace')
      await interfere?.()
      return replace(current, next)
    },
  })
  return made
}

async function token(secret: string, path = '/oauth/token'): Promise<ShownAnswer> {
  const http = request(server.http).post(path).type('form')
  return shown(await http.set('Authorization', basic(clientId, secret)).send('grant_type=client_credentials'))
}

/** What is noted is noted after the answer. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await sleep(2)
}

function stored(): readonly ClientSecret[] {
  const client = server.stores.clients.findClient(clientId)
  calls.pop()
  return client?.clientType === 'confidential' ? client.secrets : []
}

const failures = (): readonly object[] => server.events.filter(({ type }) => type === 'failure')

describe('the last use of a secret', () => {
  it('is recorded after the response, at most once an hour', async () => {
    const first = server.now()
    expect(await token(created.clientSecret)).toEqual(issued('orders:read'))
    await settled()
    expect(stored()).toEqual([{ ...created.client.secrets[0], lastUsedAt: first }])
    expect(calls).toEqual(['find', 'find', 'replace'])

    server.advance(HOUR - 1)
    for (let i = 0; i < 20; i++) expect(await token(created.clientSecret)).toEqual(issued('orders:read'))
    await settled()
    expect(calls.slice(3)).toEqual(Array.from({ length: 20 }, () => 'find'))
    expect(stored()).toMatchObject([{ lastUsedAt: first }])

    server.advance(1)
    await token(created.clientSecret)
    await settled()
    expect(stored()).toMatchObject([{ lastUsedAt: first + HOUR }])
    expect(await server.oauth.clients.listSecrets({ clientId })).toMatchObject([{ lastUsedAt: first + HOUR }])
  })

  it('is recorded for the presented secret, and not for the others', async () => {
    const { secretId, clientSecret } = await server.oauth.clients.rotateSecret({ clientId })
    await token(clientSecret)
    await settled()
    const listed = await server.oauth.clients.listSecrets({ clientId })
    expect(listed.map((secret) => [secret.secretId === secretId, secret.lastUsedAt])).toEqual([
      [false, undefined],
      [true, server.now()],
    ])
  })

  it('is recorded once for many concurrent requests', async () => {
    await Promise.all(Array.from({ length: 20 }, () => token(created.clientSecret)))
    await settled()
    expect(calls.filter((call) => call === 'replace')).toHaveLength(1)
  })

  it('is recorded at every endpoint where clients authenticate', async () => {
    expect((await token(created.clientSecret, '/oauth/revoke')).status).toBe(400)
    await settled()
    expect(stored()).toMatchObject([{ lastUsedAt: server.now() }])
  })

  it.each([
    ['a wrong secret', {}, 'wrong'],
    ['a disabled client', { disabled: true }, undefined],
    ['another method than the registered one', { authMethods: ['client_secret_post'] }, undefined],
  ])('is not recorded for %s', async (_what, more, secret) => {
    server.stores.clients.saveClient({ ...created.client, ...more })
    expect(await token(secret ?? created.clientSecret)).toEqual(invalidClient)
    await settled()
    expect(calls).toEqual(['find'])
    expect(stored()).toEqual(created.client.secrets)
  })

  it('is not recorded if another process has just recorded it', async () => {
    const [secret] = created.client.secrets
    const find = server.stores.clients.findClient.bind(server.stores.clients)
    let asked = 0
    // The request sees the client as it was; whoever notes the use sees it as it is.
    Object.assign(server.stores.clients, {
      findClient: (id: string) => (asked++ === 0 ? created.client : find(id)),
    })
    server.stores.clients.saveClient({ ...created.client, secrets: [{ ...secret!, lastUsedAt: server.now() - 9 }] })
    await token(created.clientSecret)
    await settled()
    expect(calls).toEqual(['find'])
  })

  it('brings no withdrawn secret back, and loses no rotation', async () => {
    const { clientSecret, secretId, expires } = await server.oauth.clients.rotateSecret({ clientId })
    let interfered = false
    interfere = async () => {
      if (interfered) return
      interfered = true
      // Between reading and writing of the note: the used secret is withdrawn, and another one is added.
      await server.oauth.clients.retireSecret({ clientId, secretId: expires[0]!.secretId })
    }
    await token(created.clientSecret)
    await settled()
    expect(interfered).toBe(true)
    const digest = digestClientSecret(clientSecret)
    expect(stored()).toEqual([{ secretId, digest, createdAt: server.now() }])
    expect(await token(created.clientSecret)).toEqual(invalidClient)
    expect(await token(clientSecret)).toEqual(issued('orders:read'))
    expect(failures()).toEqual([])
  })

  it('is reported to the operator alone if recording fails, and tried again an hour later', async () => {
    const cause = new Error('read-only')
    interfere = () => Promise.reject(cause)
    expect(await token(created.clientSecret)).toEqual(issued('orders:read'))
    expect(await token(created.clientSecret)).toEqual(issued('orders:read'))
    await settled()
    expect(failures()).toMatchObject([{ error: 'server_error', cause }])
    server.advance(HOUR)
    interfere = undefined
    await token(created.clientSecret)
    await settled()
    expect(stored()).toMatchObject([{ lastUsedAt: server.now() }])
  })

  it('does not delay the response', async () => {
    interfere = () => new Promise(() => undefined)
    expect(await token(created.clientSecret)).toEqual(issued('orders:read'))
  })

  it('is not recorded in a read-only store', async () => {
    server = testServer({ server: { clients: { findClient: () => created.client } } })
    expect(await token(created.clientSecret)).toEqual(issued('orders:read'))
    await settled()
    expect(failures()).toEqual([])
  })
})

describe('a chosen secret whose hash is weaker than configured', () => {
  const chosen = "alice's password"
  beforeEach(() => {
    created = { ...created, client: { ...created.client, secrets: [{ digest: weakHash, expiresAt: 2_000_000_000 }] } }
    server = watched({ server: { secretHasher: hasher } })
  })

  it('is rehashed when it is used, and keeps working', async () => {
    const [listed] = await server.oauth.clients.listSecrets({ clientId })
    expect(await token(chosen)).toEqual(issued('orders:read'))
    await expect.poll(() => stored()[0]?.digest).toMatch(/^\$2b\$10\$/)
    const { secretId, lastUsedAt, expiresAt } = stored()[0]!
    expect([secretId, lastUsedAt, expiresAt]).toEqual([listed?.secretId, server.now(), 2_000_000_000])
    expect(await token(chosen)).toEqual(issued('orders:read'))
    expect(await token('wrong')).toEqual(invalidClient)
    await hasher.hash('something else')
    expect(calls.filter((call) => call === 'replace')).toHaveLength(1)
  })

  it('is not rehashed when a wrong secret is presented', async () => {
    expect(await token('wrong')).toEqual(invalidClient)
    await hasher.hash('something else')
    expect(stored()).toEqual([{ digest: weakHash, expiresAt: 2_000_000_000 }])
  })

  it('authenticates the client even if the hasher cannot tell whether it is weak', async () => {
    const cause = new Error('no cost in it')
    const needsRehash = (): never => {
      throw cause
    }
    server = watched({ server: { secretHasher: { ...hasher, needsRehash } } })
    expect(await token(chosen)).toEqual(issued('orders:read'))
    expect(failures()).toMatchObject([{ error: 'server_error', cause }])
  })

  it('is reported to the operator if it cannot be rehashed', async () => {
    const cause = new Error('no threads')
    server = watched({ server: { secretHasher: { ...hasher, hash: () => Promise.reject(cause) } } })
    expect(await token(chosen)).toEqual(issued('orders:read'))
    await expect.poll(failures).toMatchObject([{ error: 'server_error', cause }])
    expect(stored()).toMatchObject([{ digest: weakHash }])
  })
})
