import { describeValue, kindOfValue } from '../checks/kind-of-value.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { Client } from './client-store.js'

const write = 'createClient({ ... }).client'

/**
 * Refuses to store anything but a client: without an id it could not be found, and the server would respond `invalid_client` to each of
 * its requests. Throws `ConfigurationError`.
 */
export function checkClientRecord(where: string, client: unknown): void {
  if (kindOfValue(client) !== 'object') throw noClient(where, describeValue(client), awaited(client))
  const record = client as Readonly<Record<string, unknown>>
  if (typeof record['client'] === 'object' && 'clientSecret' in record)
    throw noClient(where, 'what createClient returns', `Write ${write}`)
  const lacking = ['clientId', 'clientType', ...lists(record)].filter((name) => !has(record, name))
  if (lacking.length > 0)
    throw noClient(where, `${describeValue(client)} without ${lacking.join(', ')}`, `Write ${write}`)
}

/**
 * Returns the text that stores keep of a client. A client that a store returned has the text that was stored: its members are in the
 * same order, and members that are `undefined` are left out.
 */
export function registrationText(client: Client): string {
  return JSON.stringify(client)
}

/** Returns whether a stored text is that of this client. Spaces do not matter: a person may have written it by hand. */
export function isRegistrationOf(client: Client, text: string): boolean {
  return registrationText(JSON.parse(text) as Client) === registrationText(client)
}

/** `sha256:` and 32 bytes in base64url, whose last character has two bits that are zero. */
const generated = /^sha256:[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/
// As `bcryptCost` reads it: stores and contracts do not import the code that hashes.
const bcrypt = /^\$2[aby]\$(0[4-9]|1[0-9])\$[./A-Za-z0-9]{53}$/

/**
 * Returns whether a digest of a client secret is one that this package can compare with a secret: `sha256:` with 43 characters, or a
 * whole bcrypt hash. Anything else, such as a secret in plain text, a padded or a shortened hash, refuses every secret.
 */
export function isReadableDigest(digest: unknown): boolean {
  return typeof digest === 'string' && (generated.test(digest) || bcrypt.test(digest))
}

function lists({ clientType }: Readonly<Record<string, unknown>>): readonly string[] {
  const ofAll = ['authMethods', 'grantTypes', 'scopes']
  return clientType === 'public' ? ofAll : [...ofAll, 'secrets']
}

function has(record: Readonly<Record<string, unknown>>, name: string): boolean {
  const { [name]: member } = record
  if (name === 'clientType') return member === 'confidential' || member === 'public'
  return name === 'clientId' ? typeof member === 'string' && member !== '' : Array.isArray(member)
}

function awaited(client: unknown): string {
  return kindOfValue(client) === 'promise' ? 'Await it' : `Write ${write}`
}

function noClient(where: string, given: string, remedy: string): ConfigurationError {
  return new ConfigurationError(where, `is ${given}; it must be a client`, remedy)
}
