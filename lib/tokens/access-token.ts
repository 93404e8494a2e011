import { refusal } from '../errors/refusal.js'
import type { Resource } from './resource.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import { hashToken, type TokenHash } from '../crypto/hash.js'
import type { AccessTokenFormat, Client } from '../stores/client-store.js'
import type { AccessTokenRecord, Authorization, UserAccessTokenRecord } from '../stores/token-store.js'
import type { ClaimRules } from './access-token-claims.js'
import { signJwt, type JwtClaims } from '../jose/jwt.js'
import { lifetimeSeconds, type Lifetimes } from './lifetimes.js'
import type { SigningKeys } from '../jose/signing-key-set.js'

/** Adds claims to a JWT access token; it cannot replace those that latchkey sets. */
export type AccessTokenClaims = (token: AccessTokenFields, context: RequestContext) => MaybePromise<JwtClaims>

/** What making an access token works with. */
export interface AccessTokenServices {
  readonly issuer: string
  readonly accessTokenFormat: AccessTokenFormat
  readonly signingKeys: SigningKeys | undefined
  readonly accessTokenClaims: AccessTokenClaims | undefined
  readonly claimRules: Pick<ClaimRules, 'longestAccessTokenSeconds'>
}

/** An access token that is to be made. */
export type AccessTokenFields = Omit<UserAccessTokenRecord, 'tokenHash'> | Omit<ClientFields, 'tokenHash'>
type ClientFields = Extract<AccessTokenRecord, { readonly userId: undefined }>

/** What a new access token is made of. */
export interface AccessTokenDraft<Fields extends AccessTokenFields> {
  readonly client: Client
  readonly resources: readonly Resource[]
  readonly fields: Fields
  /** When the user signed in, seconds since the epoch; absent for a client's own token. */
  readonly signedInAt: number | undefined
  /** 43 random characters: the opaque token itself, or what a JWT's id is cut from. */
  readonly seed: string
}

/** An access token, and what a store keeps of it: nothing of a JWT. */
export interface MadeAccessToken<Fields extends AccessTokenFields> {
  readonly token: string
  readonly record: (Fields & Pick<AccessTokenRecord, 'tokenHash'>) | undefined
}

/** An access token of an authorization that is issued now, for all of its scope and audience or a part. */
export function userTokenFields(
  lifetimes: Lifetimes,
  client: Client,
  { authorizationId, userId, clientId, expiresAt }: Authorization,
  { scope, audience }: { readonly scope: string; readonly audience: string },
  now: number,
): Omit<UserAccessTokenRecord, 'tokenHash'> {
  const ends = Math.min(now + lifetimeSeconds(lifetimes, client, 'accessTokenLifetimeSeconds'), expiresAt)
  return { clientId, userId, authorizationId, scope, audience, issuedAt: now, expiresAt: ends }
}

/** Makes an access token in the form that its resource, its client or the server asks for; the same draft, the same token id. */
export function makeAccessToken<Fields extends AccessTokenFields>(
  services: AccessTokenServices,
  draft: AccessTokenDraft<Fields>,
  context: RequestContext,
): MaybePromise<MadeAccessToken<Fields>> {
  if (formatOf(services, draft) === 'opaque') {
    return { token: draft.seed, record: recordOf(draft.fields, hashToken(draft.seed)) }
  }
  return andThen(makeJwt(services, draft, context), (token) => {
    // What is issued is accepted, by the guard and by Node.
    if (token.length > LONGEST_TOKEN) {
      const limit = `of the ${String(LONGEST_TOKEN)} that fit into the headers of a request`
      throw new Error(
        `The JWT access token has ${String(token.length)} characters ${limit}: let accessTokenClaims add less`,
      )
    }
    return { token, record: undefined }
  })
}

/** Node takes 16 KiB of headers, the guard as much of one: the rest is for the other headers of a request. */
const LONGEST_TOKEN = 14_336

/** Member by member: to spread the fields costs more than the digest. */
function recordOf<Fields extends AccessTokenFields>(
  { clientId, userId, authorizationId, scope, audience, issuedAt, expiresAt }: Fields,
  tokenHash: TokenHash,
): Fields & Pick<AccessTokenRecord, 'tokenHash'> {
  const record = { tokenHash, clientId, userId, authorizationId, scope, audience, issuedAt, expiresAt }
  return record as Fields & typeof record
}

/** The form of an access token for these resources. Throws `invalid_target` where they need different ones. */
export function formatOf(
  services: AccessTokenServices,
  { client, resources }: Pick<AccessTokenDraft<AccessTokenFields>, 'client' | 'resources'>,
): AccessTokenFormat {
  return (
    agreed(resources, (resource) => resource.accessTokenFormat, 'access tokens of different forms') ??
    client.accessTokenFormat ??
    services.accessTokenFormat
  )
}

/** What those resources say that say something, which must be the same: there is one token for all of them. */
function agreed<Said>(
  resources: readonly Resource[],
  saidBy: (resource: Resource) => Said | undefined,
  different: string,
): Said | undefined {
  let agreed: Said | undefined
  for (const resource of resources) {
    const said = saidBy(resource)
    if (said !== undefined && agreed !== undefined && said !== agreed)
      throw refusal('invalid_target', 'resources_differ', `The resources need ${different}`)
    agreed ??= said
  }
  return agreed
}

/** RFC 9068 §2.2: all of these claims are required, and those of the application come before them, so that they lose. */
function makeJwt(
  { issuer, signingKeys, accessTokenClaims, claimRules }: AccessTokenServices,
  { fields, resources, signedInAt, seed }: AccessTokenDraft<AccessTokenFields>,
  context: RequestContext,
): MaybePromise<string> {
  if (signingKeys === undefined) throw new Error('A JWT access token is asked for, but the server has no signingKeys')
  const audience = resources.map(({ resource }) => resource)
  if (audience.length === 0) throw new Error('A JWT access token needs an audience, but the server has no resources')
  const { clientId, userId, authorizationId, scope, issuedAt, expiresAt } = fields
  if (expiresAt - issuedAt > claimRules.longestAccessTokenSeconds) {
    throw new RangeError(
      `The lifetime of the JWT access token, ${String(expiresAt - issuedAt)} seconds, is longer than longestAccessTokenSeconds`,
    )
  }
  return andThen(accessTokenClaims?.(fields, context) ?? {}, (extra) =>
    andThen(signingKeys.current(), (keys) =>
      signJwt(
        keys.active(agreed(resources, (resource) => resource.signingAlgorithm, 'different signing algorithms')),
        'at+jwt',
        {
          ...withoutStandardClaims(extra),
          iss: issuer,
          sub: userId ?? clientId,
          aud: audience.length === 1 ? audience[0] : audience,
          client_id: clientId,
          scope,
          iat: issuedAt,
          exp: expiresAt,
          jti: seed.slice(0, 22),
          // Only a token that acts for a user has these two: a client whose id is a user's id stays a client.
          ...(authorizationId === undefined ? {} : { auth_time: signedInAt, sid: authorizationId }),
        },
      ),
    ),
  )
}

/** Claims that only latchkey sets, also where this token has none. */
const reserved: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'aud',
  'client_id',
  'scope',
  'iat',
  'exp',
  'nbf',
  'jti',
  'auth_time',
  'sid',
  'cnf',
  'act',
  // Not a claim: JSON.stringify would use what it returns in place of all claims.
  'toJSON',
])

function withoutStandardClaims(claims: JwtClaims): JwtClaims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !reserved.has(name)))
}
