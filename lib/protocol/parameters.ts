import type { OAuthError } from '../errors/oauth-error.js'
import { refusal } from '../errors/refusal.js'
import { decodeFormComponent, isStrings } from './grammar.js'

/** Longest value of any parameter, in characters. */
const MAX_VALUE_LENGTH = 16_384
/** Most parameters in one request. */
const MAX_PARAMETERS = 50

/** Parameters that are never shown to stores and hooks, and never part of an event. */
const secretNames: ReadonlySet<string> = new Set([
  'access_token',
  'actor_token',
  'assertion',
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
  'device_code',
  'device_token',
  'password',
  'refresh_token',
  'subject_token',
  'token',
])

/** Parameters of the protocol whose values may be logged. User names are not among them: people type passwords there. */
const publicNames: ReadonlySet<string> = new Set([
  'client_assertion_type',
  'client_id',
  'grant_type',
  'resource',
  'scope',
  'token_type_hint',
])

/** Parameters whose bracketed forms (`scope[]`, `username[$ne]`) are refused instead of ignored as unknown names. */
const definedNames: ReadonlySet<string> = new Set([...secretNames, ...publicNames, 'user_address', 'username'])

/** Returns whether the value of a parameter may be logged. */
export function isPublicParameter(name: string): boolean {
  return publicNames.has(name)
}

/**
 * The parameters of a request, each one exactly one string (RFC 6749 §3.2). Names are case-sensitive, and a name such as `__proto__` is
 * not special.
 */
export class Parameters {
  readonly #values = new Map<string, string>()
  readonly #resources: string[] = []

  /** Returns the value of a parameter; `undefined` if it was not sent, or sent without a value. */
  get(name: string): string | undefined {
    const value = this.#values.get(name)
    return value === '' ? undefined : value
  }

  /** Returns the value of a required parameter. Throws `invalid_request` if it is missing. */
  require(name: 'grant_type' | 'password' | 'refresh_token' | 'token' | 'username'): string {
    const value = this.get(name)
    if (value === undefined) throw missing(name)
    return value
  }

  /** The values of `resource`, the only parameter that may be repeated (RFC 8707 §2). */
  get resources(): readonly string[] {
    return this.#resources
  }

  /** Returns all parameters as they were sent, including the secret ones, but not `resource`. */
  entries(): Iterable<readonly [name: string, value: string]> {
    return this.#values
  }

  /** Returns all parameters that have a value and are not secret. */
  withoutSecrets(): ReadonlyMap<string, string> {
    const shown = new Map<string, string>()
    for (const [name, value] of this.#values) if (value !== '' && !secretNames.has(name)) shown.set(name, value)
    return shown
  }

  /** Adds a parameter that was sent. Throws `invalid_request` if it is repeated or out of bounds. */
  add(name: string, value: string): void {
    // Body parsers replace bytes that are not UTF-8 with this character: the real value is unknown.
    if (name.includes('\uFFFD') || value.includes('\uFFFD')) throw notUtf8()
    // RFC 6749 §3.2: request parameters MUST NOT be included more than once, even if one of them is empty or unknown.
    if (name === 'resource') {
      if (this.#resources.length === MAX_PARAMETERS) throw tooMany()
      if (value !== '') this.#resources.push(value)
      return
    }
    if (this.#values.has(name) || isBracketedForm(name)) throw notOneValue(name)
    if (value.length > MAX_VALUE_LENGTH) throw tooLong(name, value.length)
    if (this.#values.size === MAX_PARAMETERS) throw tooMany()
    this.#values.set(name, value)
  }
}

/** Parses an `application/x-www-form-urlencoded` body. Throws `invalid_request`. */
export function parseForm(body: string): Parameters {
  const parameters = new Parameters()
  let start = 0
  while (start < body.length) {
    const ampersand = body.indexOf('&', start)
    const end = ampersand === -1 ? body.length : ampersand
    if (end > start) addPair(parameters, body, start, end)
    start = end + 1
  }
  return parameters
}

/**
 * Adopts a form that the application's body parser has read, with the same result as {@link parseForm}. Only strings are accepted: what
 * an `extended` parser makes of brackets and repeats is refused, or ignored if the name is unknown. The one difference: parsers keep a
 * broken escape as literal text, so it is not noticed. Throws `invalid_request`.
 */
export function adoptForm(body: unknown): Parameters {
  if (typeof body === 'string') return parseForm(body)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw notAForm()
  const parameters = new Parameters()
  for (const [name, value] of Object.entries(body)) {
    if (name === '') continue
    if (typeof value === 'string') parameters.add(name, value)
    else if (name === 'resource' && isStrings(value)) for (const resource of value) parameters.add(name, resource)
    else if (definedNames.has(name) || isRepeated(value)) throw notOneValue(name)
  }
  return parameters
}

function addPair(parameters: Parameters, body: string, start: number, end: number): void {
  const equals = body.indexOf('=', start)
  const nameEnd = equals === -1 || equals > end ? end : equals
  // A value without a name is not a parameter; most parsers drop it.
  if (nameEnd === start) return
  const name = decodeFormComponent(body.slice(start, nameEnd))
  const value = nameEnd === end ? '' : decodeFormComponent(body.slice(nameEnd + 1, end))
  if (name === undefined || value === undefined) throw notUtf8()
  parameters.add(name, value)
}

function isBracketedForm(name: string): boolean {
  const bracket = name.indexOf('[')
  return bracket > 0 && definedNames.has(name.slice(0, bracket))
}

/** `extended` parsing turns `name[]` into a list of one: that is not a repeat, but another, unknown name. */
function isRepeated(value: unknown): boolean {
  return Array.isArray(value) && value.length > 1
}

/** Returns the name of a parameter for a response and a log; `undefined` for an unknown name, which may be a misplaced secret. */
function nameOf(name: string): string | undefined {
  const plain = name.split('[', 1)[0] ?? ''
  return definedNames.has(plain) ? plain : undefined
}

function missing(name: string): OAuthError {
  return refusal('invalid_request', 'parameter_missing', `The parameter ${name} is missing`, { detail: name })
}

function tooMany(): OAuthError {
  const description = 'Too many parameters'
  return refusal('invalid_request', 'too_many_parameters', description)
}

function tooLong(name: string, length: number): OAuthError {
  const known = nameOf(name)
  const which = known === undefined ? 'A parameter' : `The parameter ${known}`
  const description = `${which} is too long: ${String(MAX_VALUE_LENGTH)} characters are allowed`
  const detail = `${known ?? 'a parameter of another name'} has ${String(length)} characters`
  return refusal('invalid_request', 'parameter_too_long', description, { detail })
}

/** RFC 6749 appendix B. */
function notUtf8(): OAuthError {
  return refusal('invalid_request', 'body_encoding', 'The body is not form-encoded UTF-8')
}

function notOneValue(name: string): OAuthError {
  const known = nameOf(name)
  const which = known === undefined ? 'A parameter' : `The parameter ${known}`
  const detail = name.includes('[') ? 'its name has brackets' : known
  return refusal('invalid_request', 'parameter_repeated', `${which} is repeated or not a single value`, { detail })
}

function notAForm(): OAuthError {
  const detail = 'What is in req.body is not a form'
  return refusal('invalid_request', 'body_type', 'The body must be application/x-www-form-urlencoded', { detail })
}
