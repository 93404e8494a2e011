import { isUtf8 } from 'node:buffer'
import { constants, createHmac, sign, verify, type KeyObject, type SignKeyObjectInput } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import { derSignature, joseSignature } from './ecdsa-signature.js'
import type { SigningKey, VerificationKey } from './signing-key.js'
import type { VerifiedJwts } from './verified-jwts.js'

/** The claims of a JWT. */
export type JwtClaims = Readonly<Record<string, unknown>>

/** The kinds of JWT that are made and accepted here; each is told by `typ`, so that none passes for another. */
export type JwtType = 'at+jwt' | 'token-introspection+jwt'

/** Finds the key that a header names, if it is one of the issuer's own. */
export type FindKey = (header: {
  readonly keyId: string | undefined
  readonly algorithm: string
}) => MaybePromise<VerificationKey | undefined>

/** RFC 7518 §3.5. */
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
const MAX_LENGTH = 16_384
/** Base64url as it is written, not only as it can be read: no padding, and no bits that belong to no octet. */
const segment = '(?=[^.])(?:[\\w-]{4})*(?:[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?'
/**
 * Three canonical segments and nothing else (RFC 8725bis): a token is not parsed before that is sure. One second spelling is left: anyone can
 * turn an ES256 signature (R, S) into (R, n − S), and it is as good. We make the one with the smaller S and accept both, since other
 * signers make either. It is harmless: a token is revoked and recognized by its `jti`, never by its text (ADR 0022).
 */
const compactForm = new RegExp(`^${segment}\\.${segment}\\.${segment}$`)

/** Whether a token has the form of a JWT; opaque tokens have no dots. */
export function isJwt(token: string): boolean {
  return token.includes('.')
}

/** Signs claims; RSA, which takes ten times as long as the rest of a request, beside the main thread. */
export function signJwt(key: SigningKey, typ: JwtType, claims: JwtClaims): MaybePromise<string> {
  const input = `${headerOf(key, typ)}.${encode(claims)}`
  return andThen(signature(key, Buffer.from(input, 'latin1')), (octets) => `${input}.${octets.toString('base64url')}`)
}

const headers = new WeakMap<SigningKey, Partial<Record<JwtType, string>>>()

/** The first segment: it is the same for all that a key signs. */
function headerOf(key: SigningKey, typ: JwtType): string {
  const known = headers.get(key) ?? {}
  headers.set(key, known)
  return (known[typ] ??= encode({ alg: key.algorithm, typ, kid: key.keyId }))
}

function signature({ algorithm, signWith }: SigningKey, input: Buffer): MaybePromise<Buffer> {
  switch (algorithm) {
    case 'HS256':
      return createHmac('sha256', signWith).update(input).digest()
    case 'EdDSA':
      return sign(null, input, signWith)
    case 'ES256':
      return joseSignature(sign('sha256', input, signWith))
    case 'RS256':
      return signBeside(input, signWith)
    case 'PS256':
      return signBeside(input, { key: signWith, ...pss })
  }
}

function signBeside(input: Buffer, key: KeyObject | SignKeyObjectInput): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign('sha256', input, key, (error, octets) => {
      if (error === null) resolve(octets)
      else reject(error)
    })
  })
}

/**
 * Verifies form, type and signature of a JWT. Returns its claims, frozen, or why it is refused.
 * The claims themselves are for the caller to judge. `verified` spares the signature of a token that was there before.
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
    if (!hasValidSignature(token, key)) return 'signature'
    const claims = frozen(decode(token.slice(token.indexOf('.') + 1, token.lastIndexOf('.'))))
    if (claims === undefined) return 'form'
    if (name !== undefined)
      verified.note(name, { keyId: header.keyId, algorithm: header.algorithm, verifyWith: key.verifyWith, claims })
    return claims
  })
}

function readHeader(token: string, typ: JwtType): { keyId: string | undefined; algorithm: string } | TokenRefusal {
  if (!compactForm.test(token)) return 'form'
  const header = decode(token.slice(0, token.indexOf('.')))
  if (header === undefined) return 'form'
  const { typ: type, alg: algorithm, kid } = header
  if (typeof type !== 'string' || !isOfType(type.toLowerCase(), typ)) return 'type'
  if (typeof algorithm !== 'string') return 'header'
  // RFC 7515 §4.1.11: an extension that must be understood is not; `b64` is one of them (RFC 7797).
  if ('crit' in header || 'b64' in header) return 'header'
  if (kid !== undefined && typeof kid !== 'string') return 'header'
  return { keyId: kid, algorithm }
}

/** The header of a JWT that was refused; empty where there is none. */
export function presentedHeader(token: string): JwtClaims {
  const isJwt = token.length <= MAX_LENGTH && compactForm.test(token)
  return (isJwt ? decode(token.slice(0, token.indexOf('.'))) : undefined) ?? {}
}

function isOfType(type: string, typ: JwtType): boolean {
  return type === typ || type === `application/${typ}`
}

/** RFC 9864 has a new name for the one EdDSA that there is here. */
function sameAlgorithm(name: string): string {
  return name === 'Ed25519' ? 'EdDSA' : name
}

function hasValidSignature(token: string, key: VerificationKey): boolean {
  const dot = token.lastIndexOf('.')
  try {
    return isSignature(
      key,
      token,
      Buffer.from(token.slice(0, dot), 'latin1'),
      Buffer.from(token.slice(dot + 1), 'base64url'),
    )
  } catch {
    return false
  }
}

function isSignature(
  { algorithm, verifyWith }: VerificationKey,
  token: string,
  input: Buffer,
  signature: Buffer,
): boolean {
  switch (algorithm) {
    case 'HS256':
      // Times are judged with the other claims, on one clock.
      jsonwebtoken.verify(token, verifyWith, { algorithms: [algorithm], ignoreExpiration: true, ignoreNotBefore: true })
      return true
    case 'EdDSA':
      return verify(null, input, verifyWith, signature)
    case 'ES256': {
      const der = derSignature(signature)
      return der !== undefined && verify('sha256', input, verifyWith, der)
    }
    case 'RS256':
      return verify('sha256', input, verifyWith, signature)
    case 'PS256':
      return verify('sha256', input, { key: verifyWith, ...pss }, signature)
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** A segment that is a JSON object in UTF-8. */
function decode(segment: string): JwtClaims | undefined {
  const octets = Buffer.from(segment, 'base64url')
  if (!isUtf8(octets)) return undefined
  try {
    const value: unknown = JSON.parse(octets.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JwtClaims) : undefined
  } catch {
    return undefined
  }
}

/** With all that is in them: many requests may share them. A loop, however deep they are nested. */
function frozen(claims: JwtClaims | undefined): JwtClaims | undefined {
  const values: unknown[] = [claims]
  for (const value of values) {
    if (typeof value !== 'object' || value === null) continue
    for (const member of Object.values(Object.freeze(value))) values.push(member)
  }
  return claims
}
