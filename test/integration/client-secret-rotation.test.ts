import { setTimeout as sleep } from 'node:timers/promises'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { createClient, type ClientSecret, type CreatedConfidentialClient } from 'latchkey'
import { invalidClient, issued, shown, type ShownAnswer } from '../fixtures/shown-answer.js'
import { basic, clients, digestOf, testServer, type TestServer } from '../fixtures/test-server.js'

const DAY = 86_400
const secretText = expect.stringMatching(/^[\w-]{43}$/) as string
const idText = expect.stringMatching(/^[0-9a-f]{8}$/) as string

let created: CreatedConfidentialClient
let server: TestServer
let clientId: string

beforeEach(() => {
  created = createClient({
    grantTypes: ['client_credentials'],
    scopes: ['orders:read'],
    defaultScopes: ['orders:read'],
  })
  server = testServer({ moreClients: [created.client] })
  clientId = created.client.clientId
})

async function token(secret: string, id = clientId): Promise<ShownAnswer> {
  const http = request(server.http).post('/oauth/token').type('form')
  return shown(await http.set('Authorization', basic(id, secret)).send('grant_type=client_credentials'))
}

function storedSecrets(): readonly ClientSecret[] {
  const client = server.stores.clients.findClient(clientId)
  return client?.clientType === 'confidential' ? client.secrets : []
}

const eventsOf = (type: string): readonly object[] => server.events.filter((event) => event.type === type)

describe('oauth.clients', () => {
  it.each([
    [{ clientId: 'nobody' }, 'clientId: no client has this id. Create the client first.'],
    [{ clientId: 'STOCK-SYNC' }, 'clientId: no client has this id. Create the client first.'],
    [{ clientId: 'spa' }, 'clientId: is a public client, which has no secret. Make the client confidential.'],
  ])('has no secrets for %j', async (selection, message) => {
    const error = expect.objectContaining({ name: 'ConfigurationError', message }) as Error
    await expect(server.oauth.clients.rotateSecret(selection)).rejects.toThrow(error)
    await expect(server.oauth.clients.listSecrets(selection)).rejects.toThrow(error)
    await expect(server.oauth.clients.retireSecret({ ...selection, secretId: 'x' })).rejects.toThrow(error)
    expect(server.events.filter(({ type }) => type.startsWith('client_secret'))).toEqual([])
  })

  it.each([
    [{ overlap: 60 }, 'rotateSecret.overlap'],
    [{ overlapSeconds: -1 }, 'rotateSecret.overlapSeconds'],
    [{ overlapSeconds: 1.5 }, 'rotateSecret.overlapSeconds'],
    [{ overlapSeconds: '60' }, 'rotateSecret.overlapSeconds'],
    [{ overlapSeconds: 367 * DAY }, 'rotateSecret.overlapSeconds'],
  ])('refuses %j, and changes nothing', async (given, option) => {
    const rotated = server.oauth.clients.rotateSecret({ clientId, ...given } as never)
    await expect(rotated).rejects.toMatchObject({ name: 'ConfigurationError', option })
    expect(storedSecrets()).toEqual(created.client.secrets)
  })

  it('reports a store that cannot be written to, and still lists', async () => {
    const { oauth } = testServer({ server: { clients: { findClient: () => created.client } } })
    const readOnly = { name: 'ConfigurationError', option: 'clients' }
    await expect(oauth.clients.rotateSecret({ clientId })).rejects.toMatchObject(readOnly)
    await expect(oauth.clients.retireSecret({ clientId, secretId: 'x' })).rejects.toMatchObject(readOnly)
    const createdAt = expect.any(Number) as number
    expect(await oauth.clients.listSecrets({ clientId })).toEqual([{ secretId: idText, createdAt }])
  })
})

describe('a rotation', () => {
  it('lets both secrets work for seven days, and then the new one (CLA-27)', async () => {
    const rotated = await server.oauth.clients.rotateSecret({ clientId })
    const [former] = created.client.secrets
    const expiresAt = server.now() + 7 * DAY
    expect(rotated).toEqual({
      clientSecret: secretText,
      secretId: idText,
      expires: [{ secretId: former?.secretId, expiresAt }],
    })
    expect(eventsOf('client_secret_rotated')).toMatchObject([
      { clientId, secretId: rotated.secretId, formerSecretsExpireAt: expiresAt },
    ])

    server.advance(7 * DAY - 1)
    expect(await token(created.clientSecret)).toEqual(issued('orders:read'))
    expect(await token(rotated.clientSecret)).toEqual(issued('orders:read'))
    server.advance(1)
    expect(await token(created.clientSecret)).toEqual(invalidClient)
    expect(await token(rotated.clientSecret)).toEqual(issued('orders:read'))
  })

  it('ends the others at once without an overlap (CLA-27)', async () => {
    const rotated = await server.oauth.clients.rotateSecret({ clientId, overlapSeconds: 0 })
    expect(rotated).toEqual({ clientSecret: secretText, secretId: idText, expires: [] })
    expect(eventsOf('client_secret_rotated')).toMatchObject([{ formerSecretsExpireAt: undefined }])
    expect(await token(created.clientSecret)).toEqual(invalidClient)
    expect(await token(rotated.clientSecret)).toEqual(issued('orders:read'))
    expect(storedSecrets()).toHaveLength(1)
  })

  it('extends no lifetime: an earlier expiry stays, and expired secrets are removed', async () => {
    const ends = [server.now() - 1, server.now(), server.now() + 10, server.now() + 100, undefined]
    const secrets = ends.map((expiresAt, index) => ({ secretId: `s${index}`, digest: `sha256:${index}`, expiresAt }))
    server.stores.clients.saveClient({ ...created.client, secrets })
    const { secretId, expires } = await server.oauth.clients.rotateSecret({ clientId, overlapSeconds: 50 })
    expect(expires).toEqual([
      { secretId: 's2', expiresAt: server.now() + 10 },
      { secretId: 's3', expiresAt: server.now() + 50 },
      { secretId: 's4', expiresAt: server.now() + 50 },
    ])
    expect(storedSecrets().map((secret) => secret.secretId)).toEqual(['s2', 's3', 's4', secretId])
  })

  it('changes nothing else about the client', async () => {
    await server.oauth.clients.rotateSecret({ clientId })
    expect(server.stores.clients.findClient(clientId)).toEqual({ ...created.client, secrets: storedSecrets() })
  })

  it('keeps all twenty new secrets of twenty concurrent rotations', async () => {
    const all = await Promise.all(
      Array.from({ length: 20 }, () => server.oauth.clients.rotateSecret({ clientId, overlapSeconds: 60 })),
    )
    for (const { clientSecret } of all) expect(await token(clientSecret)).toEqual(issued('orders:read'))
  })

  it('gives up if others are faster each time, and changes nothing', async () => {
    let attempts = 0
    const { oauth } = testServer({
      server: {
        clients: {
          findClient: () => created.client,
          replaceClient: () => {
            attempts++
            return attempts % 2 === 0 ? false : undefined
          },
        } as never,
      },
    })
    await expect(oauth.clients.rotateSecret({ clientId })).rejects.toMatchObject({ name: 'StoreUnavailableError' })
    expect(attempts).toBe(10)
  })
})

describe('a secret', () => {
  it('is listed with its id and times, and nothing usable', async () => {
    const { secretId } = await server.oauth.clients.rotateSecret({ clientId, overlapSeconds: 60 })
    const listed = await server.oauth.clients.listSecrets({ clientId })
    const [former] = created.client.secrets
    expect(listed).toEqual([
      { secretId: former?.secretId, createdAt: former?.createdAt, expiresAt: server.now() + 60 },
      { secretId, createdAt: server.now() },
    ])
    expect(JSON.stringify(listed)).not.toContain('sha256')
    server.advance(60)
    expect(await server.oauth.clients.listSecrets({ clientId })).toMatchObject([{ secretId }])
  })

  it('of an earlier version is named by its digest, always in the same way', async () => {
    const secrets = ['one', 'two'].map((secret) => ({ digest: digestOf(secret) }))
    server.stores.clients.saveClient({ ...created.client, secrets })
    const listed = await server.oauth.clients.listSecrets({ clientId })
    expect(listed).toEqual([{ secretId: idText }, { secretId: idText }])
    expect(await server.oauth.clients.listSecrets({ clientId })).toEqual(listed)
    await server.oauth.clients.retireSecret({ clientId, secretId: listed[0]?.secretId ?? '' })
    expect(await token('one')).toEqual(invalidClient)
    expect(await token('two')).toEqual(issued('orders:read'))
    // Its use was noted, and its name stayed.
    await sleep(5)
    expect(storedSecrets()).toMatchObject([{ secretId: listed[1]?.secretId, lastUsedAt: server.now() }])
  })

  it('is retired at once', async () => {
    const { clientSecret, expires } = await server.oauth.clients.rotateSecret({ clientId })
    const secretId = expires[0]?.secretId ?? ''
    await server.oauth.clients.retireSecret({ clientId, secretId })
    expect(await token(created.clientSecret)).toEqual(invalidClient)
    expect(await token(clientSecret)).toEqual(issued('orders:read'))
    expect(eventsOf('client_secret_retired')).toMatchObject([{ clientId, secretId }])
    await expect(server.oauth.clients.retireSecret({ clientId, secretId })).rejects.toMatchObject({
      message: 'secretId: this client has no secret with this id. Use an id that listSecrets returns.',
    })
  })

  it('is not retired if it is the only one that works', async () => {
    const { secretId, expires } = await server.oauth.clients.rotateSecret({ clientId, overlapSeconds: 60 })
    server.advance(60)
    await expect(server.oauth.clients.retireSecret({ clientId, secretId })).rejects.toMatchObject({
      message:
        'secretId: is the only working secret of this client. Replace it by rotateSecret with overlapSeconds: 0, or disable the client.',
    })
    await server.oauth.clients.retireSecret({ clientId, secretId: expires[0]?.secretId ?? '' })
    expect(storedSecrets()).toMatchObject([{ secretId }])
  })

  it('is in no event, nor is its digest', async () => {
    const { clientSecret, secretId } = await server.oauth.clients.rotateSecret({ clientId })
    await token(clientSecret)
    await token(created.clientSecret)
    await sleep(5)
    for (const secret of storedSecrets()) expect(JSON.stringify(server.events)).not.toContain(secret.digest.slice(7))
    for (const secret of [clientSecret, created.clientSecret])
      expect(JSON.stringify(server.events)).not.toContain(secret)
    expect(JSON.stringify(server.events)).toContain(secretId)
  })
})

it('a client of the test server is as it was: nothing but secrets changes', () => {
  for (const client of clients) expect(server.stores.clients.findClient(client.clientId)).toEqual(client)
})
