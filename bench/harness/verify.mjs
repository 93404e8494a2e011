// Whether a server does what it is measured for: the right answer to what is right, and a refusal of what is wrong.
import { client, scope, user } from '../fixtures.mjs'
import { signer, verifier } from '../jwt.mjs'

/** These answer constants, or do nothing but cryptography. */
const careless = new Set(['bare', 'crypto', 'hash-alone', 'hash-alone-native'])
/** These have no guard, so that nothing can be said of their opaque tokens but by asking their introspection. */
const guardless = new Set(['jmondi'])

export async function verify(port, workload, { name, keys, seeds }) {
  const server = { url: `http://127.0.0.1:${port}`, name, jwk: keys[workload.algorithm], seeds, keys }
  await checks[workload.traffic](server, careless.has(name))
}

const credentials = { grant_type: 'client_credentials', scope }

const checks = {
  async clientCredentials(server, isCareless) {
    const token = await issue(server)
    if (server.jwk) await checkSignature(server, token)
    if (isCareless) return
    expect('a wrong secret', await post(server, '/oauth/token', credentials, 'x'), 400, 401)
    if (!server.jwk) await checkWorks(server, token)
  },

  async refresh(server, isCareless) {
    if (isCareless) return
    const refresh = (token) => post(server, '/oauth/token', { grant_type: 'refresh_token', refresh_token: token })
    const first = server.seeds?.[0] ?? (await jsonOf(await signIn(server))).refresh_token
    const { access_token: accessToken, refresh_token: second } = await jsonOf(await refresh(first))
    if (second === undefined || second === first) throw new Error('the refresh token did not change')
    if (!accessToken.includes('.') && server.name !== 'oidc-provider') await checkWorks(server, accessToken)
    expect('a made-up refresh token', await refresh(tampered(second)), 400, 401, 403)
    // The seed is spent now; the chain goes on with what came for it.
    if (server.seeds) server.seeds[0] = second
  },

  async introspect(server, isCareless) {
    const token = await issue(server)
    const introspect = async (value) => (await jsonOf(await post(server, '/oauth/introspect', { token: value }))).active
    if ((await introspect(token)) !== true) throw new Error('a token that works is not active')
    if (!isCareless && (await introspect(tampered(token)))) throw new Error('a made-up token is active')
  },

  async revoke(server, isCareless) {
    const [token, other] = [await issue(server), await issue(server)]
    expect('the revocation', await post(server, '/oauth/revoke', { token }), 200)
    if (isCareless) return
    const isActive = async (value) => (await jsonOf(await post(server, '/oauth/introspect', { token: value }))).active
    if (await isActive(token)) throw new Error('a revoked token is active')
    if (!(await isActive(other))) throw new Error('another token was revoked as well')
  },

  async guard(server) {
    if (server.name === 'bare') return expect('the route', await orders(server, 'x'), 200)
    const token = server.jwk ? signer(server.jwk)() : await issue(server)
    expect('a token that works', await orders(server, token), 200)
    expect('a made-up token', await orders(server, tampered(token)), 401)
    if (server.jwk && server.name !== 'crypto') {
      expect('an expired token', await orders(server, signer(server.jwk)(-60)), 401)
    }
  },

  unseenJwts: (server) => checks.guard(server),

  async login(server, isCareless) {
    expect('a sign-in', await signIn(server), 200)
    if (!isCareless) expect('a wrong password', await signIn(server, 'wrong'), 400, 401, 403)
  },
}

async function issue(server) {
  const answer = await post(server, '/oauth/token', credentials)
  const { access_token: token, token_type: type, expires_in: seconds } = await jsonOf(answer)
  if (typeof token !== 'string' || type.toLowerCase() !== 'bearer' || !(seconds > 3500))
    throw new Error('no such token')
  return token
}

function signIn(server, password = user.password) {
  return post(server, '/oauth/token', { grant_type: 'password', username: user.name, password, scope })
}

async function checkSignature(server, token) {
  if (server.name === 'bare') return
  const { alg, kid } = JSON.parse(Buffer.from(token.split('.')[0], 'base64url'))
  if (alg !== server.jwk.alg) throw new Error(`the token is signed with ${alg}`)
  // HS256 has no published key that a thumbprint could name.
  if (alg !== 'HS256' && server.name !== 'jmondi' && kid !== server.jwk.kid)
    throw new Error(`the token is signed with the key ${kid}`)
  if (!verifier(server.jwk)(token)) throw new Error('the signature is wrong')
}

async function checkWorks(server, token) {
  if (guardless.has(server.name)) return
  expect('its token', await orders(server, token), 200)
  expect('a made-up token', await orders(server, tampered(token)), 401)
}

/** Another character in the middle: the last ones of base64url may mean the same. */
function tampered(token) {
  const at = token.length - 20
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}

function post({ url }, path, parameters, secretSuffix = '') {
  const authorization = `Basic ${btoa(`${client.id}:${client.secret}${secretSuffix}`)}`
  return fetch(url + path, { method: 'POST', body: new URLSearchParams(parameters), headers: { authorization } })
}

function orders({ url }, token) {
  return fetch(`${url}/orders`, { headers: { authorization: `Bearer ${token}` } })
}

async function jsonOf(response) {
  const text = await response.text()
  if (response.status !== 200) throw new Error(`answered ${response.status}: ${text.slice(0, 200)}`)
  return JSON.parse(text)
}

function expect(what, { status }, ...statuses) {
  if (!statuses.includes(status)) throw new Error(`${what} was answered ${status}, not ${statuses.join(' or ')}`)
}
