import { nearestName } from '../checks/did-you-mean.js'
import { isPrintableAscii } from '../protocol/grammar.js'
import type { ClientWarningCode } from '../telemetry/operator-events.js'
import type { Client } from '../stores/client-store.js'

/** What a server has for its clients. */
export interface ServerOffer {
  /** The grants by their types. Those that can confirm a user give refresh tokens. */
  readonly grants: ReadonlyMap<string, { readonly confirmUser?: unknown }>
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly authMethods: readonly string[]
  readonly hasSigningKeys: boolean
  readonly isProduction: boolean
}

/** Something that a client is registered for, and that can never work at this server. */
export interface ClientMisfit {
  readonly code: ClientWarningCode
  /** The client, the value, and what to do. */
  readonly message: string
}

/** Finds what a client is registered for that a server does not have. */
export function clientMisfits(client: Client, offer: ServerOffer): readonly ClientMisfit[] {
  const { clientId, scopes, defaultScopes = [], resources = [], introspectsFor, authMethods } = client
  const found: ClientMisfit[] = []
  const find = (code: ClientWarningCode, problem: string, remedy: string): void => {
    found.push({ code, message: `Client ${clientId} ${problem}. ${remedy}.` })
  }
  const findMissing = (
    code: ClientWarningCode,
    what: string,
    listed: readonly string[],
    known: readonly string[],
    option: string,
  ): void => {
    const missing = [...new Set(listed)].filter((name) => !known.includes(name))
    const [first] = missing
    if (first === undefined) return
    const meant = nearestName(first, known)
    const remedy = `${meant === undefined ? '' : `Did you mean ${meant}? `}Correct the client, or add it to ${option}`
    find(code, `has the ${what} ${missing.join(', ')}, which the server does not have`, remedy)
  }

  if (!isPrintableAscii(clientId)) {
    find(
      'client_id',
      'has an id that no request can carry',
      'Give it one of printable ASCII, as createClient makes them',
    )
  }
  findGrantTypes(client, offer, find)
  const others = client.grantTypes.filter((grantType) => grantType !== 'refresh_token')
  findMissing('client_grant_type', 'grant type', others, [...offer.grants.keys()], 'grants')
  findMissing('client_scope', 'scope', [...scopes, ...defaultScopes], offer.scopes, 'scopes')
  const named = introspectsFor === undefined ? resources : [...resources, introspectsFor]
  findMissing('client_resource', 'resource', named, offer.resources, 'resources')
  findMissing('client_auth_method', 'authentication method', authMethods, offer.authMethods, 'clientAuthMethods')
  if (client.accessTokenFormat === 'jwt' && !offer.hasSigningKeys) {
    const remedy = 'Set signingKeys and resources, or take accessTokenFormat from the client'
    find('client_token_format', 'is to get JWTs, and the server has no signing keys', remedy)
  }
  return found
}

/** What is wrong with grants that the server may well have. */
function findGrantTypes(
  { grantTypes, firstParty }: Client,
  { grants, isProduction }: ServerOffer,
  find: (code: ClientWarningCode, problem: string, remedy: string) => void,
): void {
  const refreshes = grantTypes.includes('refresh_token')
  const signsIn = grantTypes.find((grantType) => grants.get(grantType)?.confirmUser !== undefined)
  if (refreshes && !grants.has('refresh_token')) {
    const remedy = 'Add refreshTokenGrant() to grants, or take it from the client'
    find(
      'client_grant_type',
      'has the grant type refresh_token, and gets no refresh tokens: the server has no such grant',
      remedy,
    )
  }
  // It may be meant, and nothing could silence it: while developing it is told, when it was forgotten.
  if (signsIn !== undefined && !refreshes && grants.has('refresh_token') && !isProduction) {
    const problem = `has the grant type ${signsIn} without refresh_token: its users sign in again for each access token`
    find('client_without_refresh', problem, 'Add refresh_token to its grantTypes, unless that is meant')
  }
  if (grantTypes.includes('password') && firstParty !== true) {
    const remedy = 'Set firstParty: true if it is an app of yours, or take the grant type from it'
    find('client_grant_type', 'has the grant type password, and is not a first-party client: it is refused', remedy)
  }
}
