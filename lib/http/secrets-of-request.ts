import { types } from 'node:util'
import { decodeFormComponent } from '../protocol/grammar.js'
import { isPublicParameter, type Parameters } from '../protocol/parameters.js'
import type { HttpRequest } from './http.js'

/** Headers with credentials, for latchkey or for the application. */
const credentialHeaders = ['authorization', 'proxy-authorization', 'cookie', 'dpop', 'x-api-key'] as const
/** How much of a body that the application's parser has read is searched, in characters: a whole form, but little of an upload. */
const MAX_BODY = 65_536
const MAX_MEMBERS = 100

/**
 * Collects the secrets of a request in every encoding that it may have used. Called only for failures. If the form could not be parsed, all
 * of it counts as secret.
 */
export function secretsOfRequest(req: HttpRequest, form: Parameters | undefined): readonly string[] {
  const secrets = new Set<string>()
  for (const name of credentialHeaders) for (const value of [req.headers[name] ?? []].flat()) addHeader(secrets, value)
  const { url = '' } = req
  if (url.includes('?')) addPairs(secrets, url.slice(url.indexOf('?') + 1))
  if (form !== undefined) for (const [name, value] of form.entries()) addParameter(secrets, name, value)
  else addBody(secrets, req.body)
  secrets.delete('')
  return [...secrets]
}

/** Adds the credentials of a header, without the scheme: as sent, and decoded. */
function addHeader(secrets: Set<string>, value: string): void {
  const [scheme = '', ...rest] = value.split(' ')
  const credentials = rest.length === 0 ? value : rest.join(' ').trim()
  secrets.add(credentials)
  if (scheme.toLowerCase() !== 'basic') return
  const text = Buffer.from(credentials, 'base64').toString()
  const proof = text.slice(text.indexOf(':') + 1)
  secrets.add(proof)
  secrets.add(decodeFormComponent(proof) ?? '')
}

function addParameter(secrets: Set<string>, name: string, value: string): void {
  if (isPublicParameter(name)) return
  secrets.add(value)
  // As in a form, where a space may be `+` or `%20`.
  const encoded = new URLSearchParams({ '': value }).toString().slice(1)
  if (encoded === value) return
  secrets.add(encoded)
  secrets.add(encoded.replaceAll('+', '%20'))
}

/** Adds the values of form-encoded pairs: as sent, and decoded. */
function addPairs(secrets: Set<string>, text: string): void {
  for (const pair of text.slice(0, MAX_BODY).split('&', MAX_MEMBERS)) {
    const equals = pair.indexOf('=')
    const value = pair.slice(equals + 1)
    if (isPublicParameter(pair.slice(0, Math.max(0, equals)))) continue
    secrets.add(value)
    secrets.add(decodeFormComponent(value) ?? '')
  }
}

function addBody(secrets: Set<string>, body: unknown): void {
  if (typeof body === 'string') addPairs(secrets, body)
  else if (types.isUint8Array(body)) addPairs(secrets, Buffer.from(body.subarray(0, MAX_BODY)).toString())
  else if (typeof body === 'object' && body !== null)
    for (const [name, values] of Object.entries(body).slice(0, MAX_MEMBERS))
      for (const value of [values as unknown].flat())
        if (typeof value === 'string') addParameter(secrets, name, value.slice(0, MAX_BODY))
}
