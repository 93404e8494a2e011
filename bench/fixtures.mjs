// What all servers know, and all requests say.
import { createHash, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'

export const issuer = 'http://localhost:3000'
export const audience = issuer
export const scope = 'orders:read'
export const client = {
  id: 'stock-sync',
  secret: createHash('sha256').update('a secret of the bench').digest('base64url'),
}
export const user = { id: 'user-1', name: 'alice', password: 'correct horse battery staple' }
export const lifetimeSeconds = 3600

/** What a guarded route answers, and the bare one. */
export const orders = { orders: [{ id: 1042, state: 'paid' }] }

/** What the bare token endpoint answers: as long as a real answer with an opaque token. */
export const constantTokens = {
  access_token: 'N2Yx0q9Z5r1pJ8b6yS3tQ7wKfV4mX0aH2cL5dG8eU1o',
  token_type: 'Bearer',
  expires_in: lifetimeSeconds,
  scope,
}

/** One private JWK for each algorithm, made anew in each run; the runner hands them to the servers. */
export function createKeys() {
  const pairs = {
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    EdDSA: generateKeyPairSync('ed25519'),
  }
  const keys = { HS256: { kty: 'oct', k: randomBytes(32).toString('base64url'), alg: 'HS256' } }
  for (const [alg, { privateKey }] of Object.entries(pairs))
    keys[alg] = { ...privateKey.export({ format: 'jwk' }), alg }
  for (const key of Object.values(keys)) Object.assign(key, { kid: thumbprint(key), use: 'sig' })
  return keys
}

/** The public half of a JWK, as a JWKS document has it. */
export function publicJwk({ kid, alg, use, ...key }) {
  return { ...createPublicKey({ key, format: 'jwk' }).export({ format: 'jwk' }), kid, alg, use }
}

/** RFC 7638 */
function thumbprint(jwk) {
  const members = { EC: ['crv', 'kty', 'x', 'y'], RSA: ['e', 'kty', 'n'], OKP: ['crv', 'kty', 'x'], oct: ['k', 'kty'] }
  return createHash('sha256').update(JSON.stringify(jwk, members[jwk.kty])).digest('base64url')
}
