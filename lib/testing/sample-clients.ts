import type { Client, ConfidentialClient } from '../stores/client-store.js'
import { fullClient, sparseClient, zeroClient } from './client-records.js'
import { comparable } from './rule-assertions.js'

/** The clients that the rules save and find: those of the suite, or some that a table of fewer columns can hold. */
export class SampleClients {
  readonly all: readonly Client[]
  /** The one with most fields, and the one with fewest. */
  readonly full: Client
  readonly sparse: Client

  constructor(all: readonly Client[] = [fullClient, sparseClient, zeroClient]) {
    this.all = all
    const byFields = [...all].sort((a, b) => fieldsOf(b).length - fieldsOf(a).length)
    this.full = byFields[0] ?? fullClient
    this.sparse = byFields.at(-1) ?? sparseClient
  }

  /** Those in which one of the optional fields is absent; in which one is empty or false. */
  get withAbsent(): readonly Client[] {
    return this.all.filter((client) => optionalFields.some((field) => client[field] === undefined))
  }

  get withEmpty(): readonly Client[] {
    return this.all.filter((client) => Object.values(client).some(isEmpty))
  }

  /** The optional fields that none of them has. */
  get untestedFields(): readonly string[] {
    return optionalFields.filter((field) => this.all.every((client) => client[field] === undefined))
  }

  /** The same client with another value in one field that the store keeps; a different one for each number. */
  changed(client: Client, number = 0): Client | undefined {
    const text = `changed ${String(number)}`
    if (this.#keeps('name')) return { ...client, name: text }
    if (client.clientType === 'confidential' && client.secrets.length > 0) {
      const [first, ...others] = client.secrets
      const digest = `sha256:${String(number).padStart(42, '0')}A`
      return { ...client, secrets: [{ ...first, digest }, ...others] }
    }
    return undefined
  }

  /** What a client becomes by the smallest changes of the fields that the store keeps. */
  changedInOnePlace(client: Client): readonly Client[] {
    const { name } = client
    const changes: (Client | false | undefined)[] = [
      this.changed(client),
      name !== undefined && { ...client, name: name.toUpperCase() },
      name !== undefined && { ...client, name: `${name} ` },
      name !== undefined && { ...client, name: undefined },
      this.#keeps('disabled') && { ...client, disabled: client.disabled !== true },
      client.scopes.length > 1 && { ...client, scopes: [...client.scopes].reverse() },
      ...(client.clientType === 'confidential' ? changedSecrets(client) : []),
    ]
    const before = JSON.stringify(comparable(client))
    return changes.filter(
      (change): change is Client =>
        change !== false && change !== undefined && JSON.stringify(comparable(change)) !== before,
    )
  }

  #keeps(field: OptionalField): boolean {
    return this.all.some((client) => client[field] !== undefined)
  }
}

type OptionalField = Exclude<keyof Client, 'clientId' | 'clientType' | 'authMethods' | 'grantTypes' | 'scopes'>

/** Every optional field, or this does not compile. */
const optional: Readonly<Record<OptionalField, true>> = {
  name: true,
  defaultScopes: true,
  firstParty: true,
  tellsUserAddress: true,
  passwordGrantDeprecatedAt: true,
  passwordGrantSunsetAt: true,
  disabled: true,
  accessTokenFormat: true,
  resources: true,
  mayIntrospect: true,
  introspectsFor: true,
  accessTokenLifetimeSeconds: true,
  refreshTokenLifetimeSeconds: true,
  authorizationLifetimeSeconds: true,
}
const optionalFields = Object.keys(optional) as readonly OptionalField[]

function fieldsOf(client: Client): readonly string[] {
  return Object.keys(comparable(client) as object)
}

function isEmpty(value: unknown): boolean {
  return value === false || value === '' || (Array.isArray(value) && value.length === 0)
}

function changedSecrets(client: ConfidentialClient): Client[] {
  const { secrets } = client
  const keepsUse = secrets.some(({ lastUsedAt }) => lastUsedAt !== undefined)
  return [
    ...(secrets.length > 1 ? [{ ...client, secrets: secrets.slice(0, 1) }] : []),
    ...(keepsUse ? [{ ...client, secrets: secrets.map((secret) => ({ ...secret, lastUsedAt: 1 })) }] : []),
    { ...client, secrets: secrets.map((secret) => ({ ...secret, digest: swapped(secret.digest) })) },
  ]
}

/** The same letters in the other case: another digest. */
function swapped(digest: string): string {
  return digest.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()))
}
