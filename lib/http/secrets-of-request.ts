import { types } from 'node:util'
import { decodeFormComponent } from '../protocol/grammar.js'
import { isPublicParameter, type Parameters } from '../protocol/parameters.js'
import type { HttpRequest } from './http.js'

/** Headers that carry credentials, of ours and of the application. */
const credentialHeaders = ['authorization', 'proxy-authorization', 'cookie', 'dpop', 'x-api-key'] as const
/** Of a body that a parser of the application has read: enough for a form, little of an upload. */
const MAX_BODY = 65_536
const MAX_MEMBERS = 100

/**
 * Collects what is secret in a request, in each spelling in which it came. Only called when a failure is told of. Of a form that was not
 * understood, everything is secret.
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

/** The credentials as they are, decoded, and without the scheme. */
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
  // As a form has it; it may also have had %20 for a blank.
  const encoded = new URLSearchParams({ '': value }).toString().slice(1)
  if (encoded === value) return
  secrets.add(encoded)
  secrets.add(encoded.replaceAll('+', '%20'))
}

/** Pairs as they came. */
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
