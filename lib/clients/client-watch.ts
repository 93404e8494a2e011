import { nearestName } from '../checks/did-you-mean.js'
import { isPrintableAscii } from '../protocol/grammar.js'
import { type RequestContext, applicationContext } from '../request/request-context.js'
import type { Client } from '../stores/client-store.js'
import type { Emit } from '../telemetry/events.js'
import type { ClientWarningCode } from '../telemetry/operator-events.js'
import { checkClient } from './change-client.js'
import type { UnreadableDigests } from './unreadable-digests.js'

const MOST_CLIENTS = 10_000
const MOST_WARNINGS = 100
/** How many listed clients are checked at startup, so that many clients do not slow it down. */
const MOST_LISTED = 1000

/** Warns of clients that are registered for something the server does not have, and of secrets that nothing can match. Checks each client once. */
export class ClientWatch {
  readonly #offer: ServerOffer
  readonly #digests: Pick<UnreadableDigests, 'tell'>
  readonly #emit: Emit
  readonly #seen = new Set<string>()
  #warnings = 0

  constructor(offer: ServerOffer, digests: Pick<UnreadableDigests, 'tell'>, emit: Emit) {
    this.#offer = offer
    this.#digests = digests
    this.#emit = emit
  }

  /** Checks a client that has authenticated. */
  see(client: Client, context: RequestContext): void {
    const { clientId } = client
    if (this.#seen.has(clientId) || this.#seen.size >= MOST_CLIENTS) return
    this.#seen.add(clientId)
    if (client.disabled) return
    // A secret with an expiry date is on its way out.
    const lasting =
      client.clientType === 'public' ? [] : client.secrets.filter(({ expiresAt }) => expiresAt === undefined)
    this.#digests.tell(client, lasting, context)
    for (const { code, message } of clientMisfits(client, this.#offer)) {
      if (this.#warnings++ < MOST_WARNINGS) this.#emit(context, { type: 'warning', code, message, clientId })
    }
  }

  /** Checks the clients that a store lists, if it can list them. */
  seeAll(clients: unknown): void {
    if (!Array.isArray(clients)) return
    for (const client of clients.slice(0, MOST_LISTED) as readonly Client[]) {
      try {
        this.see(checkClient(client), applicationContext())
      } catch {
        // A broken record is refused when the client is used.
      }
    }
  }
}

/** What a server offers to its clients. */
export interface ServerOffer {
  /** The grants by type. Those that can confirm a user issue refresh tokens. */
  readonly grants: ReadonlyMap<string, { readonly confirmUser?: unknown }>
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly authMethods: readonly string[]
  readonly hasSigningKeys: boolean
  readonly isProduction: boolean
}

/** Something that a client is registered for and that can never work at this server. */
export interface ClientMisfit {
  readonly code: ClientWarningCode
  /** The client, the value, and what to do. */
  readonly message: string
}

/** Finds everything that a client is registered for and that can never work at this server. */
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
    find('client_id', 'has an id that no request can carry', 'Use an id of printable ASCII, as createClient generates')
  }
  findGrantTypes(client, offer, find)
  const others = client.grantTypes.filter((grantType) => grantType !== 'refresh_token')
  findMissing('client_grant_type', 'grant type', others, [...offer.grants.keys()], 'grants')
  findMissing('client_scope', 'scope', [...scopes, ...defaultScopes], offer.scopes, 'scopes')
  const named = introspectsFor === undefined ? resources : [...resources, introspectsFor]
  findMissing('client_resource', 'resource', named, offer.resources, 'resources')
  findMissing('client_auth_method', 'authentication method', authMethods, offer.authMethods, 'clientAuthMethods')
  if (client.accessTokenFormat === 'jwt' && !offer.hasSigningKeys) {
    const remedy = 'Set signingKeys and resources, or remove accessTokenFormat from the client'
    find('client_token_format', 'has accessTokenFormat jwt, and the server has no signing keys', remedy)
  }
  return found
}

/** Finds what is wrong with grants that the server may well have. */
function findGrantTypes(
  { grantTypes, firstParty }: Client,
  { grants, isProduction }: ServerOffer,
  find: (code: ClientWarningCode, problem: string, remedy: string) => void,
): void {
  const refreshes = grantTypes.includes('refresh_token')
  const signsIn = grantTypes.find((grantType) => grants.get(grantType)?.confirmUser !== undefined)
  if (refreshes && !grants.has('refresh_token')) {
    const remedy = 'Add refreshTokenGrant() to grants, or remove refresh_token from the client'
    find(
      'client_grant_type',
      'has the grant type refresh_token, but the server has no refresh token grant, so it gets no refresh tokens',
      remedy,
    )
  }
  // This may be intended, and nothing could silence the warning. So warn during development only.
  if (signsIn !== undefined && !refreshes && grants.has('refresh_token') && !isProduction) {
    const problem = `has the grant type ${signsIn} without refresh_token, so its users sign in again for each access token`
    find('client_without_refresh', problem, 'Add refresh_token to its grantTypes, unless this is intended')
  }
  if (grantTypes.includes('password') && firstParty !== true) {
    const remedy = 'Set firstParty: true if it is your own app, or remove the grant type'
    find('client_grant_type', 'has the grant type password but is not a first-party client, so it is refused', remedy)
  }
}
