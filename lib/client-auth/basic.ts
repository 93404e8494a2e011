import { decodeFormComponent, isPrintableAscii } from '../protocol/grammar.js'
import type { ClientAuthMethod, PresentedCredentials } from './client-auth-method.js'
import type { ClientSecretVerifier } from './client-secret.js'
import { malformedCredentials } from './invalid-client.js'

/** Creates the method `client_secret_basic`: id and secret in HTTP Basic (RFC 6749 §2.3.1). */
export function clientSecretBasic(verifier: ClientSecretVerifier): ClientAuthMethod {
  return {
    name: 'client_secret_basic',
    readCredentials({ authorization }) {
      if (authorization === undefined || !isBasic(authorization)) return undefined
      const credentials = parseBasicCredentials(authorization)
      if (typeof credentials === 'string') throw malformedCredentials('The Basic credentials are', credentials)
      return credentials
    },
    ...verifier,
  }
}

/** Returns the value of `WWW-Authenticate` with every failed client authentication (RFC 6749 §5.2, RFC 7617 §2.1). */
export function basicChallenge(realm: string): string {
  return `Basic realm="${realm}", charset="UTF-8"`
}

const basicScheme = /^basic +([A-Za-z0-9+/]+={0,2})$/i

/** Returns whether a header uses the scheme `Basic`, in any case (RFC 9110 §11.1). */
export function isBasic(authorization: string): boolean {
  return /^basic(?: |$)/i.test(authorization)
}

/**
 * Parses `Authorization: Basic …`: strict Base64, split at the first colon, both halves form-decoded (RFC 6749 §2.3.1, RFC 7617 §2). Returns the
 * reason, in constant words, if any of it is malformed or the id is empty.
 */
export function parseBasicCredentials(authorization: string): PresentedCredentials | string {
  const encoded = basicScheme.exec(authorization)?.[1]
  if (encoded === undefined) return notBase64
  const octets = Buffer.from(encoded, 'base64')
  // Node ignores invalid characters and excess bits. Accept only the canonical spelling of the bytes.
  if (octets.toString('base64') !== encoded) return notBase64
  const text = octets.toString('latin1')
  const colon = text.indexOf(':')
  if (colon === -1) return 'there is no colon between id and secret'
  const clientId = decodeFormComponent(text.slice(0, colon))
  if (clientId === undefined) return badEscape('id')
  const proof = decodeFormComponent(text.slice(colon + 1))
  if (proof === undefined) return badEscape('secret')
  if (clientId === '') return 'the id is empty'
  // RFC 6749 appendix A.1 and A.2. Decoding changes only escapes, so this covers the encoded form too.
  if (!isPrintableAscii(clientId)) return 'the id is not printable ASCII'
  if (!isPrintableAscii(proof)) return 'the secret is not printable ASCII'
  return { clientId, proof }
}

const notBase64 = 'not Base64 of id, colon and secret'

/** RFC 6749 §2.3.1: what most libraries and `curl -u` do not do. */
function badEscape(part: 'id' | 'secret'): string {
  return `the ${part} is not form-encoded, which makes a percent sign %25`
}
