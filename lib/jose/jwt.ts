import { isUtf8 } from 'node:buffer'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import { isHs256, signHs256 } from './hs256.js'
import { isOfKeyPair, isSignature, makeSignature } from './signature.js'
import type { SigningKey, VerificationKey } from './signing-key.js'
import type { VerifiedJwts } from './verified-jwts.js'

/** The claims of a JWT. */
export type JwtClaims = Readonly<Record<string, unknown>>

/** The kinds of JWT that we make and accept. Each has its own `typ`, so that none passes for another (RFC 8725 §3.11). */
export type JwtType = 'at+jwt' | 'token-introspection+jwt'

/** Finds the key that a header names among the issuer's own. */
export type FindKey = (header: {
  readonly keyId: string | undefined
  readonly algorithm: string
}) => MaybePromise<VerificationKey | undefined>

const MAX_LENGTH = 16_384
/** Canonical base64url: no padding, and no set bits after the last byte. */
const segment = '(?=[^.])(?:[\\w-]{4})*(?:[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?'
/**
 * Three canonical segments and nothing else (RFC 8725bis). A token is parsed only if it has this form. One second spelling remains: anyone
 * can turn an ES256 signature (R, S) into (R, n − S), which is valid too. We make the one with the smaller S and accept both, because other
 * signers make either. That is harmless: tokens are revoked and recognized by their `jti`, never by their text (ADR 0022).
 */
const compactForm = new RegExp(`^${segment}\\.${segment}\\.${segment}$`)

/** Returns whether a token has the form of a JWT. Opaque tokens have no dots. */
export function isJwt(token: string): boolean {
  return token.includes('.')
}

/** Signs claims: HS256 with `jsonwebtoken`, every other algorithm with `node:crypto`. */
export function signJwt(key: SigningKey, typ: JwtType, claims: JwtClaims): MaybePromise<string> {
  if (!isOfKeyPair(key)) return signHs256(key.signWith, { alg: key.algorithm, typ, kid: key.keyId }, claims)
  const input = `${headerOf(key, typ)}.${encode(claims)}`
  const signature = makeSignature(key, Buffer.from(input, 'latin1'))
  return andThen(signature, (bytes) => `${input}.${bytes.toString('base64url')}`)
}

const headers = new WeakMap<SigningKey, Partial<Record<JwtType, string>>>()

/** Returns the first segment, which is the same for everything that a key signs. */
function headerOf(key: SigningKey, typ: JwtType): string {
  const known = headers.get(key) ?? {}
  headers.set(key, known)
  return (known[typ] ??= encode({ alg: key.algorithm, typ, kid: key.keyId }))
}

/**
 * Verifies the form, type and signature of a JWT. Returns its claims, frozen, or the reason why it is refused. The caller judges the
 * claims. `verified` saves the signature check of a token that was verified before.
 */
export function verifyJwt(
  token: string,
  typ: JwtType,
  findKey: FindKey,
  verified: VerifiedJwts,
): MaybePromise<JwtClaims | TokenRefusal> {
  if (token.length > MAX_LENGTH) return 'form'
  const name = verified.keyOf(token)
  const known = name === undefined ? undefined : verified.find(name)
  const header = known ?? readHeader(token, typ)
  if (typeof header === 'string') return header
  return andThen(findKey(header), (key) => {
    if (key === undefined) return 'unknown_key'
    // RFC 8725 §3.1: the key decides about the algorithm, the token only repeats it.
    if (key.algorithm !== sameAlgorithm(header.algorithm)) return 'algorithm'
    if (known?.verifyWith === key.verifyWith) return known.claims
    return andThen(hasValidSignature(token, key), (isValid) => {
      if (!isValid) return 'signature'
      const claims = frozen(decode(token.slice(token.indexOf('.') + 1, token.lastIndexOf('.'))))
      if (claims === undefined) return 'form'
      if (name !== undefined)
        verified.note(name, { keyId: header.keyId, algorithm: header.algorithm, verifyWith: key.verifyWith, claims })
      return claims
    })
  })
}

function readHeader(token: string, typ: JwtType): { keyId: string | undefined; algorithm: string } | TokenRefusal {
  if (!compactForm.test(token)) return 'form'
  const header = decode(token.slice(0, token.indexOf('.')))
  if (header === undefined) return 'form'
  const { typ: type, alg: algorithm, kid } = header
  if (typeof type !== 'string' || !isOfType(type.toLowerCase(), typ)) return 'type'
  if (typeof algorithm !== 'string') return 'header'
  // RFC 7515 §4.1.11: we understand no extension, and `crit` lists those that must be; `b64` is one (RFC 7797).
  if ('crit' in header || 'b64' in header) return 'header'
  if (kid !== undefined && typeof kid !== 'string') return 'header'
  return { keyId: kid, algorithm }
}

/** Returns the header of a refused JWT; empty if the token has none. */
export function presentedHeader(token: string): JwtClaims {
  const isJwt = token.length <= MAX_LENGTH && compactForm.test(token)
  return (isJwt ? decode(token.slice(0, token.indexOf('.'))) : undefined) ?? {}
}

function isOfType(type: string, typ: JwtType): boolean {
  return type === typ || type === `application/${typ}`
}

/** RFC 9864 names EdDSA by its curve. */
function sameAlgorithm(name: string): string {
  return name === 'Ed25519' ? 'EdDSA' : name
}

function hasValidSignature(token: string, key: VerificationKey): MaybePromise<boolean> {
  if (!isOfKeyPair(key)) return isHs256(token, key.verifyWith)
  const dot = token.lastIndexOf('.')
  try {
    return isSignature(key, Buffer.from(token.slice(0, dot), 'latin1'), Buffer.from(token.slice(dot + 1), 'base64url'))
  } catch {
    return false
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Decodes a segment; `undefined` unless it is a JSON object in UTF-8. */
function decode(segment: string): JwtClaims | undefined {
  const bytes = Buffer.from(segment, 'base64url')
  if (!isUtf8(bytes)) return undefined
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JwtClaims) : undefined
  } catch {
    return undefined
  }
}

/** Freezes claims with everything in them, since requests share them. A loop and no recursion: claims may be nested deeply. */
function frozen(claims: JwtClaims | undefined): JwtClaims | undefined {
  const values: unknown[] = [claims]
  for (const value of values) {
    if (typeof value !== 'object' || value === null) continue
    for (const member of Object.values(Object.freeze(value))) values.push(member)
  }
  return claims
}
