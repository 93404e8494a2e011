import type { Client } from 'latchkey'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { invalidClient, issued, shown, type ShownAnswer } from '../fixtures/shown-answer.js'
import { basic, digestOf, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const confidential = (clientId: string, secret: string): Client => ({
  clientId,
  clientType: 'confidential',
  authMethods: ['client_secret_basic'],
  secrets: [{ digest: digestOf(secret) }],
  grantTypes: ['client_credentials'],
  scopes: ['orders:read'],
  defaultScopes: ['orders:read'],
})

const moreClients = [
  confidential('s6BhdRkqt3', '7Fjfp0ZBr1KtDRbnfVdmIw'),
  confidential('my client:1', 'p@ss+w%rd'),
  // What a server that does not decode would read of the one above.
  confidential('my client', '1:p@ss+w%rd'),
  confidential('my+client%3A1', 'p%40ss%2Bw%25rd'),
  confidential('colons', 'se:cr:et'),
  confidential('prefix', 'se'),
  confidential('test', '123£'),
  confidential('a', '???'),
  confidential('café', 'secret'),
  confidential('shop\0', 'secret'),
  confidential('odd-secrets', 'sec\0ret'),
]

/** Our stores refuse it; others may not. */
const nobody = confidential('', 'secret of nobody')

const encode = (text: string): string => `Basic ${Buffer.from(text, 'latin1').toString('base64')}`

describe.each([4, 5] as const)('HTTP Basic at the token endpoint, Express %i', (express) => {
  let server: TestServer

  beforeEach(() => {
    server = testServer({ express, moreClients })
    const { clients } = server.stores
    const find = clients.findClient.bind(clients)
    clients.findClient = (clientId) => (clientId === '' ? nobody : find(clientId))
  })

  async function token(authorization: string): Promise<ShownAnswer> {
    const http = request(server.http).post('/oauth/token').type('form')
    return shown(await http.set('Authorization', authorization).send('grant_type=client_credentials'))
  }

  const authenticated = (): unknown[] =>
    server.events.flatMap((event) => (event.type === 'tokens_issued' ? [event.clientId] : []))

  async function expectRefused(authorization: string): Promise<void> {
    expect(await token(authorization)).toEqual(invalidClient)
    expect(authenticated()).toEqual([])
  }

  describe('refuses', () => {
    it('the unencoded form, even of an id and a secret that exist as they stand (CLA-05)', async () => {
      const vector = 'Basic bXkgY2xpZW50OjE6cEBzcyt3JXJk'
      expect(vector).toBe(encode('my client:1:p@ss+w%rd'))
      await expectRefused(vector)
    })

    it.each([
      ['characters outside the alphabet', '!!!YTo/Pz8=***'],
      ['the alphabet of base64url', 'YTo_Pz8='],
      ['missing padding', 'YTo/Pz8'],
      ['too much padding', 'YTo/Pz8=='],
      ['inner whitespace', 'YTo/ Pz8='],
      ['something behind it', 'YTo/Pz8= x'],
      ['a list', 'YTo/Pz8=, YTo/Pz8='],
      ['bits that belong to no octet', 'YTo/Pz9='],
    ])('Base64 with %s, which Node would read (CLA-08)', async (_what, encoded) => {
      expect(Buffer.from(encoded, 'base64').toString()).toBe('a:???')
      await expectRefused(`Basic ${encoded}`)
    })

    it('bytes that are not UTF-8 (CLA-09)', async () => {
      await expectRefused('Basic //46YQ==')
      await expectRefused(encode('caf\xE9:secret'))
      await expectRefused(encode('caf%E9:secret'))
    })

    it.each([
      ['nothing', 'Basic'],
      ['no colon', encode('shop-app')],
      ['no colon, but an encoded one', encode(`shop-app%3A${secretOf('shop-app')}`)],
      ['a colon alone', encode(':')],
    ])('credentials with %s (CLA-10)', async (_what, authorization) => {
      await expectRefused(authorization)
    })

    it.each([
      ['NUL behind the id', `shop-app\0:${secretOf('shop-app')}`],
      ['an encoded NUL behind the id', `shop-app%00:${secretOf('shop-app')}`],
      ['an encoded NUL in an id that the store has', 'shop%00:secret'],
      ['an encoded NUL in a secret that the client has', 'odd-secrets:sec%00ret'],
      ['a line end behind the secret', `shop-app:${secretOf('shop-app')}\r\n`],
      ['an encoded line end behind the secret', `shop-app:${secretOf('shop-app')}%0D%0A`],
      ['a tab in the id', `shop\t-app:${secretOf('shop-app')}`],
      ['an encoded DEL in the secret', `shop-app:${secretOf('shop-app')}%7F`],
    ])('control characters: %s; no event repeats them (CLA-11)', async (_what, text) => {
      await expectRefused(encode(text))
      expect(JSON.stringify(server.events)).not.toMatch(/\\u00|\\[nrt]|[\0-\x1F\x7F]/)
    })

    it.each([
      ['a Cyrillic look-alike of an id, encoded', `%D1%95hop-app:${secretOf('shop-app')}`],
      ['a full-width look-alike of an id, encoded', `%EF%BD%93hop-app:${secretOf('shop-app')}`],
      ['UTF-8 as it stands in an id that the store has', Buffer.from('café:secret').toString('latin1')],
      ['encoded UTF-8 in an id that the store has', 'caf%C3%A9:secret'],
      ['encoded UTF-8 in a secret that the client has', 'test:123%C2%A3'],
      ['UTF-8 in the secret', `shop-app:${secretOf('shop-app')}\xC3\xA9`],
    ])('what is not printable ASCII: %s (CLA-12)', async (_what, text) => {
      await expectRefused(encode(text))
    })

    it('the vector of RFC 7617 with a pound sign, which is not a valid OAuth secret (CLA-12)', async () => {
      await expectRefused('Basic dGVzdDoxMjPCow==')
    })

    it.each([
      ['an empty id, even one that the store has', encode(':secret of nobody')],
      ['an empty secret', basic('shop-app', '')],
      ['the secret undefined', basic('shop-app', 'undefined')],
      ['the secret null', basic('shop-app', 'null')],
      ['the secret [object Object]', basic('shop-app', '[object Object]')],
    ])('%s (CLA-13)', async (_what, authorization) => {
      await expectRefused(authorization)
    })

    it.each([
      ['a bare percent sign', 'shop-app:100%'],
      ['a broken escape', 'shop%zzapp:secret'],
      ['half an escape', 'shop-app:secret%2'],
    ])('an id or a secret with %s (CLA-02)', async (_what, text) => {
      await expectRefused(encode(text))
    })

    it('a tab between the scheme and the credentials (CLA-07)', async () => {
      await expectRefused(basic('shop-app', secretOf('shop-app')).replace(' ', '\t'))
    })

    it('with status 401 and a Basic challenge that has the configured realm and the only legal charset (CLA-14)', async () => {
      const realm = 'Orders & stock'
      server = testServer({ express, server: { realm } })
      const challenge = `Basic realm="${realm}", charset="UTF-8"`
      expect(await token(basic('shop-app', 'wrong'))).toEqual({ ...invalidClient, challenge })
    })
  })

  describe('accepts', () => {
    async function expectAuthenticated(authorization: string, clientId: string): Promise<void> {
      expect(await token(authorization)).toEqual(issued('orders:read'))
      expect(authenticated()).toEqual([clientId])
    }

    it('a client that has a secret, such as the one of RFC 6749 (CLA-01)', async () => {
      await expectAuthenticated('Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3', 's6BhdRkqt3')
    })

    it('an id and a secret that are form-encoded first (CLA-02)', async () => {
      const vector = 'Basic bXkrY2xpZW50JTNBMTpwJTQwc3MlMkJ3JTI1cmQ='
      expect(vector).toBe(basic('my client:1', 'p@ss+w%rd'))
      await expectAuthenticated(vector, 'my client:1')
    })

    it('%20 as well as + for a space (CLA-04)', async () => {
      await expectAuthenticated('Basic bXklMjBjbGllbnQlM0ExOnAlNDBzcyUyQnclMjVyZA==', 'my client:1')
    })

    it('raw colons in a secret: the first colon separates (CLA-03)', async () => {
      await expectAuthenticated(encode('colons:se:cr:et'), 'colons')
      expect(await token(encode('prefix:se:cr:et'))).toEqual(invalidClient)
    })

    it('encoded colons in an id and in a secret: decoded after the halves were separated (CLA-03)', async () => {
      await expectAuthenticated(encode('colons:se%3Acr%3aet'), 'colons')
      await expect(token(encode('my%20client%3a1:p@ss%2bw%25rd'))).resolves.toEqual(issued('orders:read'))
      expect(authenticated()).toEqual(['colons', 'my client:1'])
    })

    it.each(['basic', 'BASIC', 'bAsIc', 'Basic ', 'basic      '])(
      'the scheme in any case and with any number of spaces: "%s" (CLA-07)',
      async (scheme) => {
        const authorization = basic('shop-app', secretOf('shop-app')).replace('Basic', scheme)
        expect(await token(authorization)).toEqual(issued('orders:read orders:write'))
        expect(authenticated()).toEqual(['shop-app'])
      },
    )
  })
})
