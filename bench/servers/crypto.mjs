// Express, and the cryptography that nobody can leave out: nothing is parsed, and nothing kept but one token for the guard.
// Variant `native`: passwords by the package bcrypt.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import express from 'express'
import { client, constantTokens, orders, user } from '../fixtures.mjs'
import { signer, verifier } from '../jwt.mjs'
import { hashOf, nativeBcrypt } from './parts.mjs'
import { passwordThreads } from './password-threads.mjs'

export async function create({ workload, variant, keys }) {
  const { traffic, algorithm } = workload
  const jwk = keys[algorithm]
  const app = express()
  const answer = (path, work) =>
    app.post(path, (req, res) => res.json({ ...constantTokens, ...(isClient() && work()) }))
  if (traffic === 'login') {
    const verifyPassword = await passwordVerifier(workload, variant)
    app.post('/oauth/token', async (req, res) => res.json({ ...ownTokens, matches: await verifyPassword() }))
  } else {
    const issue = traffic === 'guard' ? () => known : jwk ? signer(jwk) : newToken
    const refresh = () => ({ spent: digestOf(known), access_token: newToken(), refresh_token: newToken() })
    answer('/oauth/token', traffic === 'refresh' ? refresh : () => ({ access_token: issue() }))
    answer('/oauth/introspect', () => ({ active: digestOf(known) === knownDigest }))
    answer('/oauth/revoke', () => ({ revoked: digestOf(known) }))
  }
  const isValid = jwk ? verifier(jwk) : (token) => kept.has(digestOf(token))
  app.get('/orders', (req, res) => {
    if (isValid(req.headers.authorization.slice('Bearer '.length))) res.json(orders)
    else res.status(401).end()
  })
  return { handler: app }
}

const digestOf = (text) => createHash('sha256').update(text).digest('base64url')
const secretDigest = Buffer.from(digestOf(client.secret))
const isClient = () => timingSafeEqual(Buffer.from(digestOf(client.secret)), secretDigest)

const known = randomBytes(32).toString('base64url')
const knownDigest = digestOf(known)
const kept = new Set([knownDigest])
const ownTokens = { ...constantTokens, access_token: known }

/** A random token; its digest is what a server would keep. */
function newToken() {
  const token = randomBytes(32).toString('base64url')
  digestOf(token)
  return token
}

async function passwordVerifier({ cost }, variant) {
  const hash = await hashOf(user.password, cost)
  if (variant !== 'native') return passwordThreads(user.password, hash)
  const native = nativeBcrypt()
  return () => native.compare(user.password, hash)
}
