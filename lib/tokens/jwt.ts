import { isUtf8 } from 'node:buffer'
import { sign, verify } from 'node:crypto'
import jsonwebtoken from 'jsonwebtoken'
import { andThen, type MaybePromise } from '../protocol/maybe-promise.js'
import type { SigningKey, VerificationKey } from './signing-key.js'

/** The claims of a JWT. */
export type JwtClaims = Readonly<Record<string, unknown>>

/** The kinds of JWT that are made and accepted here; each is told by `typ`, so that none passes for another. */
export type JwtType = 'at+jwt' | 'token-introspection+jwt'

/** Finds the key that a header names, if it is one of the issuer's own. */
export type FindKey = (header: {
  readonly keyId: string | undefined
  readonly algorithm: string
}) => MaybePromise<VerificationKey | undefined>

const MAX_LENGTH = 16_384
const compactForm = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** Whether a token has the form of a JWT; opaque tokens have no dots. */
export function isJwt(token: string): boolean {
  return token.includes('.')
}

/** Signs claims. */
export function signJwt(key: SigningKey, typ: JwtType, claims: JwtClaims): string {
  const header = { alg: key.algorithm, typ, kid: key.keyId }
  if (key.algorithm !== 'EdDSA') {
    return jsonwebtoken.sign(claims, key.signWith, { algorithm: key.algorithm, header })
  }
  // jsonwebtoken does not know Ed25519.
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sign(null, Buffer.from(input), key.signWith).toString('base64url')}`
}

/**
 * Verifies form, type and signature of a JWT and answers its claims; `undefined` for anything that is wrong, whatever it is. The
 * claims themselves are for the caller to judge.
 */
export function verifyJwt(token: string, typ: JwtType, findKey: FindKey): MaybePromise<JwtClaims | undefined> {
  const header = readHeader(token, typ)
  if (header === undefined) return undefined
  return andThen(findKey(header), (key) => {
    // RFC 8725 §3.1: the key decides about the algorithm, the token only repeats it.
    if (key?.algorithm !== sameAlgorithm(header.algorithm) || !hasValidSignature(token, key)) return undefined
    return decode(token.split('.')[1] ?? '')
  })
}

function readHeader(token: string, typ: JwtType): { keyId: string | undefined; algorithm: string } | undefined {
  // Three canonical segments and nothing else: a token has one spelling (RFC 8725bis), and is not parsed before that is sure.
  if (token.length > MAX_LENGTH || !compactForm.test(token) || !token.split('.').every(isCanonical)) return undefined
  const header = decode(token.split('.')[0] ?? '')
  if (header === undefined || typeof header['alg'] !== 'string' || typeof header['typ'] !== 'string') return undefined
  const type = header['typ'].toLowerCase()
  if (type !== typ && type !== `application/${typ}`) return undefined
  // RFC 7515 §4.1.11: an extension that must be understood is not; `b64` is one of them (RFC 7797).
  if ('crit' in header || 'b64' in header) return undefined
  const { kid } = header
  if (kid !== undefined && typeof kid !== 'string') return undefined
  return { keyId: kid, algorithm: header['alg'] }
}

/** RFC 9864 has a new name for the one EdDSA that there is here. */
function sameAlgorithm(name: string): string {
  return name === 'Ed25519' ? 'EdDSA' : name
}

function hasValidSignature(token: string, { algorithm, verifyWith }: VerificationKey): boolean {
  try {
    if (algorithm === 'EdDSA') {
      const dot = token.lastIndexOf('.')
      return verify(null, Buffer.from(token.slice(0, dot)), verifyWith, Buffer.from(token.slice(dot + 1), 'base64url'))
    }
    // Times are judged with the other claims, on one clock.
    jsonwebtoken.verify(token, verifyWith, { algorithms: [algorithm], ignoreExpiration: true, ignoreNotBefore: true })
    return true
  } catch {
    return false
  }
}

function isCanonical(segment: string): boolean {
  return Buffer.from(segment, 'base64url').toString('base64url') === segment
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
