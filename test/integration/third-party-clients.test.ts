import { execFile } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import * as oauth4webapi from 'oauth4webapi'
import * as openidClient from 'openid-client'
import { ClientCredentials, ResourceOwnerPassword, type AccessToken } from 'simple-oauth2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {} from 'latchkey'
import { digestOf, secretOf, testServer, type TestServer } from '../fixtures/test-server.js'

const run = promisify(execFile)

/** Characters that have to be form-encoded in HTTP Basic (RFC 6749 §2.3.1). */
const awkward = { clientId: 'my client:1', secret: 'p@ss+w%rd/=&~' }

let server: TestServer
let base: string

beforeAll(async () => {
  server = testServer({
    moreClients: [
      {
        clientId: awkward.clientId,
        clientType: 'confidential',
        authMethods: ['client_secret_basic', 'client_secret_post'],
        secrets: [{ digest: digestOf(awkward.secret) }],
        firstParty: true,
        grantTypes: ['client_credentials', 'password', 'refresh_token'],
        scopes: ['orders:read', 'profile'],
        defaultScopes: ['orders:read'],
      },
    ],
  })
  await new Promise<void>((resolve) => server.http.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${String((server.http.address() as AddressInfo).port)}`
})

afterAll(() => {
  server.http.closeAllConnections()
  server.http.close()
})

/** What a guarded route says of an access token. */
async function whoami(accessToken: string, path = '/orders'): Promise<unknown> {
  const response = await fetch(base + path, { headers: { authorization: `Bearer ${accessToken}` } })
  expect(response.status).toBe(200)
  return response.json()
}

describe('oauth4webapi', () => {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- its authors' mark for: only over loopback
  const insecure = { [oauth4webapi.allowInsecureRequests]: true }
  const as = (): oauth4webapi.AuthorizationServer => ({ issuer: base, token_endpoint: `${base}/oauth/token` })

  it.each([
    ['client_secret_basic', oauth4webapi.ClientSecretBasic(awkward.secret)],
    ['client_secret_post', oauth4webapi.ClientSecretPost(awkward.secret)],
  ])('gets a token by client credentials with %s', async (_name, clientAuth) => {
    const client = { client_id: awkward.clientId }
    const parameters = new URLSearchParams({ scope: 'profile orders:read' })
    const response = await oauth4webapi.clientCredentialsGrantRequest(as(), client, clientAuth, parameters, insecure)
    const tokens = await oauth4webapi.processClientCredentialsResponse(as(), client, response)
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'profile orders:read' })
    expect(await whoami(tokens.access_token)).toMatchObject({ actsFor: 'client', clientId: awkward.clientId })
  })

  it('signs a user in and refreshes', async () => {
    const client = { client_id: awkward.clientId }
    const clientAuth = oauth4webapi.ClientSecretBasic(awkward.secret)
    const parameters = { username: 'alice', password: "alice's password" }
    const response = await oauth4webapi.genericTokenEndpointRequest(
      as(),
      client,
      clientAuth,
      'password',
      parameters,
      insecure,
    )
    const tokens = await oauth4webapi.processGenericTokenEndpointResponse(as(), client, response)
    const refreshed = await oauth4webapi.processRefreshTokenResponse(
      as(),
      client,
      await oauth4webapi.refreshTokenGrantRequest(as(), client, clientAuth, tokens.refresh_token ?? '', insecure),
    )
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)
    expect(await whoami(refreshed.access_token)).toMatchObject({ actsFor: 'user', userId: 'user-1' })
  })

  it('understands the refusal of a wrong secret, and its challenge', async () => {
    const client = { client_id: 'stock-sync' }
    const clientAuth = oauth4webapi.ClientSecretBasic('wrong')
    const response = await oauth4webapi.clientCredentialsGrantRequest(as(), client, clientAuth, {}, insecure)
    const refusal = oauth4webapi.processClientCredentialsResponse(as(), client, response)
    await expect(refusal).rejects.toMatchObject({ cause: [{ scheme: 'basic', parameters: { charset: 'UTF-8' } }] })
  })

  it('understands the challenge of the guard', async () => {
    const refusal = oauth4webapi.protectedResourceRequest(
      'unknown',
      'GET',
      new URL(`${base}/orders`),
      undefined,
      null,
      insecure,
    )
    await expect(refusal).rejects.toMatchObject({
      cause: [{ scheme: 'bearer', parameters: { error: 'invalid_token' } }],
    })
  })
})

describe('openid-client', () => {
  const configuration = (): openidClient.Configuration => {
    const metadata = { issuer: base, token_endpoint: `${base}/oauth/token` }
    const clientAuth = openidClient.ClientSecretBasic(awkward.secret)
    const made = new openidClient.Configuration(metadata, awkward.clientId, {}, clientAuth)
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- its authors' mark for: only over loopback
    openidClient.allowInsecureRequests(made)
    return made
  }

  it('gets a token by client credentials', async () => {
    const tokens = await openidClient.clientCredentialsGrant(configuration(), { scope: 'profile' })
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'profile' })
    expect(tokens.refresh_token).toBeUndefined()
  })

  it('signs a user in and refreshes', async () => {
    const credentials = { username: 'alice', password: "alice's password", scope: 'orders:read' }
    const tokens = await openidClient.genericGrantRequest(configuration(), 'password', credentials)
    const refreshed = await openidClient.refreshTokenGrant(configuration(), tokens.refresh_token ?? '')
    expect(await whoami(refreshed.access_token)).toMatchObject({ userId: 'user-1', scope: 'orders:read' })
  })
})

describe('simple-oauth2', () => {
  const config = (
    id: string,
    secret: string,
  ): { client: { id: string; secret: string }; auth: { tokenHost: string } } => ({
    client: { id, secret },
    auth: { tokenHost: base },
  })

  it('gets a token by client credentials', async () => {
    const client = new ClientCredentials(config('stock-sync', secretOf('stock-sync')))
    const { token } = await client.getToken({ scope: ['orders:read', 'stock:write'] })
    expect(token).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'orders:read stock:write' })
  })

  it('signs a user in and refreshes', async () => {
    const client = new ResourceOwnerPassword(config(awkward.clientId, awkward.secret))
    const accessToken = await client.getToken({ username: 'alice', password: "alice's password" })
    const refreshed = await accessToken.refresh()
    const { access_token: renewed } = refreshed.token
    expect(await whoami(String(renewed))).toMatchObject({ userId: 'user-1' })
  })

  const signIn = (): Promise<AccessToken> =>
    new ResourceOwnerPassword({
      ...config(awkward.clientId, awkward.secret),
      auth: { tokenHost: base, revokePath: '/oauth/revoke' },
    }).getToken({ username: 'alice', password: "alice's password" })

  it('revokes an access token alone, and then the refresh token: revoke() (simple-oauth2)', async () => {
    const signedIn = await signIn()
    await signedIn.revoke('access_token')
    await expect(whoami(String(signedIn.token['access_token']))).rejects.toThrow()
    const refreshed = await signedIn.refresh()
    await refreshed.revoke('refresh_token')
    await expect(whoami(String(refreshed.token['access_token']))).rejects.toThrow()
    await expect(refreshed.refresh()).rejects.toMatchObject({ output: { statusCode: 400 } })
  })

  it('revokes both: revokeAll() (simple-oauth2)', async () => {
    const signedIn = await signIn()
    await signedIn.revokeAll()
    await expect(whoami(String(signedIn.token['access_token']))).rejects.toThrow()
    await expect(signedIn.refresh()).rejects.toMatchObject({ output: { statusCode: 400 } })
  })
})

describe('curl', () => {
  const curl = async (...args: string[]): Promise<string> =>
    (await run('curl', ['--silent', '--show-error', '--max-time', '10', ...args])).stdout

  it('gets a token by client credentials', async () => {
    const user = `stock-sync:${secretOf('stock-sync')}`
    const answer = await curl('-u', user, '-d', 'grant_type=client_credentials', `${base}/oauth/token`)
    expect(JSON.parse(answer)).toEqual({
      access_token: expect.stringMatching(/^[\w-]{43}$/) as string,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'stock:write',
    })
  })

  it('signs a user in, uses the token, and refreshes', async () => {
    const user = ['-u', `shop-app:${secretOf('shop-app')}`]
    const password = [
      '-d',
      'grant_type=password',
      '-d',
      'username=alice',
      '--data-urlencode',
      "password=alice's password",
    ]
    const tokens = JSON.parse(await curl(...user, ...password, `${base}/oauth/token`)) as Record<string, string>
    const bearer = `Authorization: Bearer ${tokens['access_token'] ?? ''}`
    expect(JSON.parse(await curl('-H', bearer, `${base}/orders`))).toMatchObject({ userId: 'user-1' })
    const refresh = ['-d', 'grant_type=refresh_token', '-d', `refresh_token=${tokens['refresh_token'] ?? ''}`]
    const refreshed = JSON.parse(await curl(...user, ...refresh, `${base}/oauth/token`)) as Record<string, string>
    expect(refreshed['scope']).toBe(tokens['scope'])
    expect(refreshed['access_token']).not.toBe(tokens['access_token'])
  })
})
