'use strict'

// What an app does with latchkey, from its first line to a guarded response. For every Node.js and every way to install, so it needs
// nothing but latchkey.

const assert = require('node:assert/strict')
const { generateKeyPairSync } = require('node:crypto')
const { createServer } = require('node:http')

/** Loads every entry by `load(specifier)`, signs a user in, and uses the token here and at a resource server. */
module.exports.smoke = async function smoke(load, subpaths) {
  for (const subpath of subpaths) assert.notDeepEqual(Object.keys(await load(subpath.replace('.', 'latchkey'))), [])
  await signIn(load, (await load('latchkey/stores/memory')).createMemoryStores())
  if (process.getBuiltinModule('node:sqlite') !== undefined) {
    const stores = (await load('latchkey/stores/sqlite')).openSqliteStores(':memory:')
    await signIn(load, stores)
    stores.close()
  }
}

/** The entries of a package.json: whatever it exports, but for itself. */
module.exports.subpathsOf = (manifest) => Object.keys(manifest.exports).filter((subpath) => !subpath.endsWith('.json'))

async function signIn(load, { clients, tokens }) {
  const latchkey = await load('latchkey')
  const { createResourceServer } = await load('latchkey/resource-server')
  const front = createServer()
  const issuer = await listen(front)
  const resource = `${issuer}/api`

  const hasher = latchkey.bcryptHasher({ workers: 1 })
  const alice = { userId: 'user-1', passwordHash: await hasher.hash('correct horse') }
  const users = { findUserByUsername: (name) => (name === 'alice' ? alice : undefined), findUser: () => alice }
  const grantTypes = ['password', 'refresh_token', 'client_credentials']
  const { client, clientSecret } = latchkey.createClient({ grantTypes, scopes: ['read', 'write'], firstParty: true })
  await clients.saveClient(client)
  const oauth = latchkey.createAuthorizationServer({
    issuer,
    clients,
    tokens,
    scopes: ['read', 'write'],
    grants: [
      latchkey.passwordGrant({ users, hasher }),
      latchkey.refreshTokenGrant(),
      latchkey.clientCredentialsGrant(),
    ],
    resources: [{ resource }],
    accessTokenFormat: 'jwt',
    signingKeys: latchkey.loadSigningKeys([generateKeyPairSync('ed25519').privateKey]),
    onEvent() {},
  })
  const here = oauth.requireBearer({ scope: 'read' })
  front.on(
    'request',
    oauth.handler((req, res) => here(req, res, () => res.end(req.auth.clientId))),
  )
  const there = createResourceServer({ issuer, audience: resource, jwks: true }).requireBearer({ scope: 'read' })
  const api = createServer((req, res) => there(req, res, () => res.end(req.auth.clientId)))
  const apiUrl = await listen(api)

  try {
    const ask = async (parameters) => {
      const headers = { authorization: `Basic ${btoa(`${client.clientId}:${clientSecret}`)}` }
      const body = new URLSearchParams({ scope: 'read', ...parameters })
      const response = await fetch(`${issuer}/oauth/token`, { method: 'POST', headers, body })
      return { status: response.status, ...(await response.json()) }
    }
    const get = async (url, token) => (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status
    const password = { grant_type: 'password', username: 'alice' }

    assert.equal((await ask({ ...password, password: 'wrong horse' })).error, 'invalid_grant')
    const signedIn = await ask({ ...password, password: 'correct horse' })
    const refreshed = await ask({ grant_type: 'refresh_token', refresh_token: signedIn.refresh_token })
    const ofClient = await ask({ grant_type: 'client_credentials' })
    for (const { status, access_token: token } of [signedIn, refreshed, ofClient]) {
      assert.equal(status, 200)
      assert.equal(await get(issuer, token), 200)
      assert.equal(await get(apiUrl, token), 200)
      assert.equal(await get(issuer, `${token}x`), 401)
      assert.equal(await get(apiUrl, `${token}x`), 401)
    }
    const tooLittle = await ask({ grant_type: 'client_credentials', scope: 'write' })
    assert.equal(await get(apiUrl, tooLittle.access_token), 403)
  } finally {
    for (const server of [front, api]) {
      server.close()
      server.closeAllConnections()
    }
    await hasher.close()
  }
}

async function listen(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${server.address().port}`
}
