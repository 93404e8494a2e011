import { type ClientAuthMethod } from 'latchkey'
import { ClientBasicStrategy, ClientPasswordStrategy } from 'latchkey/passport'
import express from 'express'
import passport from 'passport'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { invalidClient, issued, refused, shown } from '../fixtures/shown-answer.js'
import { basic, clients, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const several = refused(400, 'invalid_request', 'Only one client authentication method may be used in a request')
const good = 'grant_type=client_credentials'
const header = basic('stock-sync', secretOf('stock-sync'))
const inBody = 'client_id=stock-sync&client_secret=x'
const type = 'client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

const send = (server: TestServer, path: string, form: string, authorization?: string): request.Test => {
  const sent = request(server.http).post(path).type('form')
  return (authorization === undefined ? sent : sent.set('Authorization', authorization)).send(form)
}

describe('more than one client authentication', () => {
  it.each([
    ['Basic and an assertion', header, `client_assertion=x&${type}`],
    ['Basic and an assertion without its type', header, 'client_assertion=x'],
    ['Basic and the type of an assertion', header, type],
    ['Basic and a secret in the body', header, inBody],
    ['a secret in the body and an assertion', undefined, `${inBody}&client_assertion=x&${type}`],
    ['a secret in the body and the type of an assertion', undefined, `${inBody}&${type}`],
    ['another scheme and an assertion', 'Bearer x', `client_assertion=x&${type}`],
    ['all of them', header, `${inBody}&client_assertion=x&${type}`],
  ])('is refused at every endpoint: %s (V23)', async (_what, authorization, form) => {
    const server = testServer()
    for (const path of ['/oauth/token', '/oauth/revoke', '/oauth/introspect']) {
      expect(shown(await send(server, path, `${good}&token=x&${form}`, authorization))).toEqual(several)
    }
    expect(server.events.filter(({ type }) => type === 'tokens_issued')).toEqual([])
  })

  it.each([
    ['alone', `client_assertion=x&${type}`],
    ['with a client id', `client_id=stock-sync&client_assertion=x&${type}`],
    ['with the id of a public client, which would need no proof', `client_id=spa&client_assertion=x&${type}`],
    ['its type alone', `client_id=spa&${type}`],
  ])('an assertion that no method reads is a failed authentication: %s (V23)', async (_what, form) => {
    const server = testServer({ password: { allowPublicClients: true } })
    const signIn = "grant_type=password&username=alice&password=alice's+password"
    expect(shown(await send(server, '/oauth/token', `${signIn}&${form}`))).toEqual(invalidClient)
    expect((await send(server, '/oauth/token', `${signIn}&client_id=spa`)).status).toBe(200)
  })

  it('allows an assertion that a method of the application reads, and ignores empty parameters (V23)', async () => {
    const method: ClientAuthMethod = {
      name: 'private_key_jwt',
      readCredentials: ({ parameters }) => {
        const proof = parameters.get('client_assertion')
        return proof === undefined ? undefined : { clientId: 'stock-sync', proof }
      },
      verifyCredentials: (_client, { proof }) => proof === 'right',
    }
    const stockSync = clients.find(({ clientId }) => clientId === 'stock-sync')!
    const server = testServer({
      server: { clientAuthMethods: [method] },
      moreClients: [{ ...stockSync, authMethods: ['private_key_jwt', 'client_secret_basic'] } as typeof stockSync],
    })
    const by = async (form: string, authorization?: string): Promise<unknown> =>
      shown(await send(server, '/oauth/token', `${good}&${form}`, authorization))
    expect(await by(`client_assertion=right&${type}`)).toEqual(issued('stock:write'))
    expect(await by(`client_assertion=wrong&${type}`)).toEqual(invalidClient)
    expect(await by(`client_assertion=right&${type}`, header)).toEqual(several)
    expect(await by('client_assertion=&client_assertion_type=&client_secret=', header)).toEqual(issued('stock:write'))
  })

  it.each([
    ['strategies.clientBasic', () => testServer().oauth.strategies.clientBasic(), header, `client_assertion=x&${type}`],
    [
      'strategies.clientPassword',
      () => testServer().oauth.strategies.clientPassword(),
      undefined,
      `${inBody}&client_assertion=x`,
    ],
    [
      'ClientBasicStrategy',
      () => new ClientBasicStrategy((_id, _secret, done) => done(null, {})),
      header,
      'client_assertion=x',
    ],
    [
      'ClientPasswordStrategy',
      () => new ClientPasswordStrategy((_id, _secret, done) => done(null, {})),
      undefined,
      `${inBody}&${type}`,
    ],
  ] as const)('is refused by %s too (V23)', async (_name, strategy, authorization, form) => {
    const app = express().use(express.urlencoded())
    app.post('/', passport.authenticate(strategy(), { session: false }), (_req, res) => void res.end('passed'))
    const sent = request(app).post('/').type('form')
    const answer = await (authorization === undefined ? sent : sent.set('Authorization', authorization)).send(form)
    expect(shown(answer)).toMatchObject({ status: 400, body: several.body })
  })
})
