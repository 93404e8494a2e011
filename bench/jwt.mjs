// JWT access tokens (RFC 9068), signed and verified by nothing but node:crypto: tokens for the guards, and the least that a server
// that issues JWTs can do.
import { createHmac, createPrivateKey, createPublicKey, createSecretKey, randomBytes, sign, verify } from 'node:crypto'
import { audience, client, issuer, lifetimeSeconds, publicJwk, scope } from './fixtures.mjs'

/** A function that makes a token, each with another `jti`. */
export function signer(jwk) {
  const { alg, kid } = jwk
  const header = encode({ alg, typ: 'at+jwt', kid })
  const key = alg === 'HS256' ? secretKey(jwk) : createPrivateKey({ key: jwk, format: 'jwk' })
  return (lifetime = lifetimeSeconds) => {
    const iat = Math.floor(Date.now() / 1000)
    const jti = randomBytes(16).toString('base64url')
    const claims = { iss: issuer, sub: client.id, aud: audience, client_id: client.id, scope, jti, iat }
    const input = `${header}.${encode({ ...claims, exp: iat + lifetime })}`
    return `${input}.${signatures[alg](Buffer.from(input), key).toString('base64url')}`
  }
}

/** A function that tells whether the signature of a token is right. */
export function verifier(jwk) {
  const key = jwk.alg === 'HS256' ? secretKey(jwk) : createPublicKey({ key: publicJwk(jwk), format: 'jwk' })
  return (token) => {
    const dot = token.lastIndexOf('.')
    return isRight[jwk.alg](Buffer.from(token.slice(0, dot)), key, Buffer.from(token.slice(dot + 1), 'base64url'))
  }
}

const signatures = {
  ES256: (input, key) => rawOfDer(sign('sha256', input, key)),
  RS256: (input, key) => sign('sha256', input, key),
  EdDSA: (input, key) => sign(null, input, key),
  HS256: (input, key) => createHmac('sha256', key).update(input).digest(),
}

const isRight = {
  ES256: (input, key, signature) => signature.length === 64 && verify('sha256', input, key, derOfRaw(signature)),
  RS256: (input, key, signature) => verify('sha256', input, key, signature),
  EdDSA: (input, key, signature) => verify(null, input, key, signature),
  HS256: (input, key, signature) => signatures.HS256(input, key).equals(signature),
}

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const secretKey = ({ k }) => createSecretKey(k, 'base64url')

/** OpenSSL makes ECDSA signatures as DER; to ask it for the form of JWTs costs more than this on Node.js 24. */
function rawOfDer(der) {
  const sAt = 4 + der[3] + 2
  const [r, s] = [der.subarray(4, sAt - 2), der.subarray(sAt)]
  return Buffer.concat([r, s].map((number) => Buffer.concat([Buffer.alloc(32), number]).subarray(-32)))
}

function derOfRaw(raw) {
  const numbers = [raw.subarray(0, 32), raw.subarray(32)].map((bytes) => {
    const first = bytes.findIndex((byte) => byte !== 0)
    const number = bytes[first] > 127 ? Buffer.concat([Buffer.of(0), bytes.subarray(first)]) : bytes.subarray(first)
    return Buffer.concat([Buffer.of(2, number.length), number])
  })
  return Buffer.concat([Buffer.of(0x30, numbers[0].length + numbers[1].length), ...numbers])
}
