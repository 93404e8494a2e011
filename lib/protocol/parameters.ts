import type { OAuthError } from '../errors/oauth-error.js'
import { refusal } from '../errors/refusal.js'
import { decodeFormComponent } from './grammar.js'

/** Longest value of any parameter, in characters. */
const MAX_VALUE_LENGTH = 16_384
/** Most parameters in one request. */
const MAX_PARAMETERS = 50

/** Parameters that never leave the core: not for stores, hooks or events. */
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

/** Parameters of the protocol whose values may stand in a log. User names are not among them, because people type passwords there. */
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

/** Whether the value of a parameter is never secret. */
export function isPublicParameter(name: string): boolean {
  return publicNames.has(name)
}

/**
 * The parameters of one request, each exactly one string (RFC 6749 §3.2). Names are case-sensitive; a name like
 * `__proto__` is a name like any other.
 */
export class Parameters {
  readonly #values = new Map<string, string>()
  readonly #resources: string[] = []

  /** The value of a parameter; `undefined` when it was not sent, or sent without a value. */
  get(name: string): string | undefined {
    const value = this.#values.get(name)
    return value === '' ? undefined : value
  }

  /** The value of a parameter that the request cannot do without. Throws `invalid_request`. */
  require(name: 'grant_type' | 'password' | 'refresh_token' | 'token' | 'username'): string {
    const value = this.get(name)
    if (value === undefined) throw missing(name)
    return value
  }

  /** The values of `resource`, the one parameter that may be sent more than once (RFC 8707 §2). */
  get resources(): readonly string[] {
    return this.#resources
  }

  /** All parameters as they were sent, the secret ones too; `resource` is not among them. */
  entries(): Iterable<readonly [name: string, value: string]> {
    return this.#values
  }

  /** All parameters that have a value, but the secret ones. */
  withoutSecrets(): ReadonlyMap<string, string> {
    const shown = new Map<string, string>()
    for (const [name, value] of this.#values) if (value !== '' && !secretNames.has(name)) shown.set(name, value)
    return shown
  }

  /** Adds a parameter that was sent. Throws `invalid_request` when it came before or is out of bounds. */
  add(name: string, value: string): void {
    // Body parsers put the replacement character where octets are not UTF-8: it could be anything, so it is nothing.
    if (name.includes('\uFFFD') || value.includes('\uFFFD')) throw notUtf8()
    // RFC 6749 §3.2: request parameters MUST NOT be included more than once; also when one of them is empty or unknown.
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
 * Takes over a form that the application's own parser read before us, with the same outcome as {@link parseForm}. Only strings
 * pass: whatever `extended` parsing made of brackets and repeats is refused, or ignored where the name is unknown. One thing
 * cannot be seen any more: a broken escape, which parsers keep as literal text. Throws `invalid_request`.
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
  // A value without a name is no parameter; most parsers drop it.
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

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}

/** A list of one is what `extended` parsing makes of `name[]`, which is not a repeat but another, unknown name. */
function isRepeated(value: unknown): boolean {
  return Array.isArray(value) && value.length > 1
}

/** What a parameter may be called in an answer and in a log: a name that is not one of ours may be a secret in the wrong place. */
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
