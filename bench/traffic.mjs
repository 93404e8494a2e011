// What the generator sends for each workload. A traffic has `next(connection)`, the next request of that connection. What comes before
// is not measured: `prepare(session)`, once, and `beforeSample(session, requests)`; `read` is shown each answer.
import { randomBytes } from 'node:crypto'
import { client, scope, user } from './fixtures.mjs'
import { signer } from './jwt.mjs'

const basic = `Basic ${btoa(`${client.id}:${client.secret}`)}`
const tokensSeen = 100

const kinds = {
  clientCredentials() {
    const request = clientCredentials()
    return { expected: [200], next: () => request }
  },

  /** Each connection holds a chain of its own: what it was answered is what it presents next. */
  refresh() {
    const held = new Map()
    const requestFor = (token) => post('/oauth/token', { grant_type: 'refresh_token', refresh_token: token })
    return {
      expected: [200],
      async prepare({ connections, seeds }) {
        for (const [index, connection] of connections.entries()) {
          const token = seeds?.[index] ?? JSON.parse(await exchange(connection, signIn())).refresh_token
          held.set(connection, requestFor(token))
        }
      },
      next: (connection) => held.get(connection),
      read(connection, text, bodyAt) {
        // Constants are answered without one, and then the same is sent again.
        const token = memberOf(text, 'refresh_token', bodyAt)
        if (token !== undefined) held.set(connection, requestFor(token))
      },
    }
  },

  introspect() {
    return rotating(async (session) => {
      const tokens = await issued(session, tokensSeen)
      return tokens.map((token) => post('/oauth/introspect', { token }))
    })
  },

  /** Each request revokes another token, issued just before. */
  revoke() {
    let requests = []
    return {
      expected: [200],
      async beforeSample(session, count) {
        const tokens = await issued(session, count + session.connections.length)
        requests = tokens.map((token) => post('/oauth/revoke', { token }))
      },
      next: () => requests.pop(),
    }
  },

  guard({ algorithm }) {
    return rotating(async (session) => {
      const tokens = algorithm ? signed(session.keys[algorithm], tokensSeen) : await issued(session, tokensSeen)
      return tokens.map((token) => get('/orders', token))
    })
  },

  /** JWTs of which the server sees each one for the first time, or `times` times in a row. */
  unseenJwts({ algorithm, times = 1 }) {
    let [used, sent] = [0, 0]
    let tokens = []
    return {
      expected: [200],
      beforeSample(session, count) {
        const needed = Math.ceil(count / times) + session.connections.length
        tokens = unseen(session.keys[algorithm], used, needed)
        used += needed
      },
      next: () => get('/orders', (sent++ % times === times - 1 ? tokens.pop() : tokens.at(-1)) ?? ''),
    }
  },

  /** Tokens that nobody issued, each another one. */
  bogus({ addresses = false }) {
    let count = 0
    const address = () => `${10 + ((count >> 24) % 200)}.${(count >> 16) % 256}.${(count >> 8) % 256}.${count++ % 256}`
    return {
      expected: [401, 429],
      next: () => get('/orders', bogusToken(), addresses ? `X-Address: ${address()}\r\n` : ''),
    }
  },

  login() {
    const request = signIn()
    return { expected: [200], next: () => request }
  },
}

/** The traffic of a workload. */
export function trafficOf(workload) {
  return kinds[workload.traffic](workload)
}

/** A guarded route, asked with one and the same token. */
export async function guardedRequest(connection) {
  return get('/orders', JSON.parse(await exchange(connection, clientCredentials())).access_token)
}

function rotating(makeRequests) {
  let [requests, at] = [[], 0]
  return {
    expected: [200],
    prepare: async (session) => void (requests = await makeRequests(session)),
    next: () => requests[at++ % requests.length],
  }
}

const clientCredentials = () => post('/oauth/token', { grant_type: 'client_credentials', scope })
const signIn = () =>
  post('/oauth/token', { grant_type: 'password', username: user.name, password: user.password, scope })

function post(path, parameters) {
  const body = new URLSearchParams(parameters).toString()
  const type = 'Content-Type: application/x-www-form-urlencoded\r\n'
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${basic}\r\n${type}`
  return `${head}Content-Length: ${body.length}\r\n\r\n${body}`
}

function get(path, token, headers = '') {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n${headers}\r\n`
}

/** So many tokens of the server's own. */
async function issued({ connections }, count) {
  const tokens = []
  let left = count
  await Promise.all(
    connections.map(async (connection) => {
      while (left-- > 0) tokens.push(JSON.parse(await exchange(connection, clientCredentials())).access_token)
    }),
  )
  return tokens
}

const signers = new Map()
const signedTokens = new Map()

function signed(jwk, count) {
  return Array.from({ length: count }, signerOf(jwk))
}

function signerOf(jwk) {
  if (!signers.has(jwk.kid)) signers.set(jwk.kid, signer(jwk))
  const sign = signers.get(jwk.kid)
  return () => sign()
}

/** Tokens that this server has not seen; another server may have: signing is what takes longest. */
function unseen(jwk, from, count) {
  if (!signedTokens.has(jwk.kid)) signedTokens.set(jwk.kid, [])
  const tokens = signedTokens.get(jwk.kid)
  const sign = signerOf(jwk)
  while (tokens.length < from + count) tokens.push(sign())
  return tokens.slice(from, from + count)
}

let pool = Buffer.alloc(0)

function bogusToken() {
  if (pool.length < 32) pool = randomBytes(32 * 1024)
  const token = pool.toString('base64url', 0, 32)
  pool = pool.subarray(32)
  return token
}

function memberOf(text, name, from) {
  const at = text.indexOf(`"${name}":"`, from)
  if (at < 0) return undefined
  const start = at + name.length + 4
  return text.slice(start, text.indexOf('"', start))
}

function exchange(connection, request) {
  return new Promise((resolve, reject) => {
    connection.send(request, (from, status, text, bodyAt) => {
      if (status === 200) resolve(text.slice(bodyAt))
      else reject(new Error(`set-up was answered ${status}: ${text.slice(bodyAt, bodyAt + 200)}`))
    })
  })
}
