import { describeValue, kindOfValue } from '../checks/kind-of-value.js'
import { ConfigurationError } from '../errors/configuration-error.js'

const write = 'createClient({ ... }).client'

/**
 * Refuses to store what is not a client: it would be kept under no id, and every request of the client would be answered
 * `invalid_client`. Throws `ConfigurationError`.
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
