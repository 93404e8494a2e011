import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { postToken } from '../fixtures/post-token.js'
import { issued, refused, shown, scopeWords } from '../fixtures/shown-answer.js'
import { basic, clients, secretOf, testServer } from '../fixtures/test-server.js'

const form = 'grant_type=client_credentials'
const stockSync = clients.find(({ clientId }) => clientId === 'stock-sync')!
const tooMuch = refused(400, 'invalid_scope', scopeWords)

describe.each([4, 5] as const)('the client credentials grant on Express %i', (express) => {
  it('refuses a public client, which cannot authenticate (CCG-02)', async () => {
    const server = testServer({ express })
    const answer = await request(server.http).post('/oauth/token').send(`${form}&client_id=spa`)
    expect(shown(answer)).toEqual(refused(400, 'unauthorized_client', 'A public client may not use this grant type'))
    expect(server.events.map(({ type }) => type)).toEqual(['warning', 'request_refused'])
  })

  it('refuses a scope of the catalogue that is not in its own list (CCG-07)', async () => {
    const server = testServer({ express })
    for (const scope of ['profile', 'stock:write profile', 'orders:write']) {
      expect(shown(await postToken(server, `${form}&scope=${encodeURIComponent(scope)}`))).toEqual(tooMuch)
    }
  })

  it('refuses a request without a scope when the client has no default (CCG-07)', async () => {
    const moreClients = [{ ...stockSync, defaultScopes: undefined }]
    expect(shown(await postToken(testServer({ express, moreClients }), form))).toEqual(tooMuch)
  })

  it('issues an access token to an authenticated client, and never a refresh token (CCG-01, CCG-03)', async () => {
    const server = testServer({ express })
    expect(shown(await postToken(server, form))).toEqual(issued('stock:write'))
    // Not even a client that gets refresh tokens by another grant.
    expect(shown(await postToken(server, form, 'shop-app'))).toEqual(issued('orders:read orders:write'))
  })

  it('the default scope is its own list, less than what it may request (CCG-07)', async () => {
    const server = testServer({ express })
    expect(shown(await postToken(server, form))).toEqual(issued('stock:write'))
    expect(shown(await postToken(server, `${form}&scope=orders%3Aread+stock%3Awrite`))).toEqual(
      issued('orders:read stock:write'),
    )
  })

  it('ignores a user name and a password: the token is that of the client (CCG-06)', async () => {
    const server = testServer({ express })
    const withUser = `${form}&username=alice&password=alice%27s+password`
    const answer = await postToken(server, withUser, 'shop-app')
    expect(shown(answer)).toEqual(issued('orders:read orders:write'))
    const route = request(server.http)
      .get('/orders')
      .set('Authorization', `Bearer ${String(answer.body.access_token)}`)
    expect((await route).body).toMatchObject({ actsFor: 'client', clientId: 'shop-app' })
  })

  it('the token names the client, and no user (CCG-04, CCG-05)', async () => {
    // The worst case for anyone who told the two kinds apart by their names alone.
    const server = testServer({ express, moreClients: [{ ...stockSync, clientId: 'user-1' }] })
    const token = await request(server.http)
      .post('/oauth/token')
      .set('Authorization', basic('user-1', secretOf('stock-sync')))
      .send(`${form}&scope=orders%3Aread`)
    const authorization = `Bearer ${String(token.body.access_token)}`
    expect((await request(server.http).get('/orders').set('Authorization', authorization)).body).toEqual({
      actsFor: 'client',
      clientId: 'user-1',
      scope: 'orders:read',
      audience: [],
      claims: {},
      issuedAt: server.now(),
      expiresAt: server.now() + 3600,
    })
  })

  it('a route for users refuses a client’s token, with any name and scope (CCG-05)', async () => {
    const moreClients = [{ ...stockSync, clientId: 'user-1', scopes: ['profile'], defaultScopes: ['profile'] }]
    const server = testServer({ express, moreClients })
    const token = await request(server.http)
      .post('/oauth/token')
      .set('Authorization', basic('user-1', secretOf('stock-sync')))
      .send(form)
    expect(token.body).toMatchObject({ scope: 'profile' })
    const authorization = `Bearer ${String(token.body.access_token)}`
    expect((await request(server.http).get('/profile').set('Authorization', authorization)).status).toBe(403)
  })

  it('calls no user store (CCG-01)', async () => {
    const users = new Proxy({} as never, {
      get: () => () => {
        throw new Error('A user store was asked')
      },
    })
    const server = testServer({ express, password: { users } })
    expect(shown(await postToken(server, form))).toEqual(issued('stock:write'))
    expect(server.events.map(({ type }) => type)).toEqual(['warning', 'tokens_issued'])
  })
})
