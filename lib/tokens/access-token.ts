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

/** What making an access token needs. */
export interface AccessTokenServices {
  readonly issuer: string
  readonly accessTokenFormat: AccessTokenFormat
  readonly signingKeys: SigningKeys | undefined
  readonly accessTokenClaims: AccessTokenClaims | undefined
  readonly claimRules: Pick<ClaimRules, 'longestAccessTokenSeconds'>
}

/** An access token to make. */
export type AccessTokenFields = Omit<UserAccessTokenRecord, 'tokenHash'> | Omit<ClientFields, 'tokenHash'>
type ClientFields = Extract<AccessTokenRecord, { readonly userId: undefined }>

/** The parts of a new access token. */
export interface AccessTokenDraft<Fields extends AccessTokenFields> {
  readonly client: Client
  readonly resources: readonly Resource[]
  readonly fields: Fields
  /** When the user signed in, seconds since the epoch; absent for a client's own token. */
  readonly signedInAt: number | undefined
  /** 43 random characters: the opaque token itself, or the source of a JWT's id. */
  readonly seed: string
}

/** An access token and its stored record, which a JWT does not have. */
export interface MadeAccessToken<Fields extends AccessTokenFields> {
  readonly token: string
  readonly record: (Fields & Pick<AccessTokenRecord, 'tokenHash'>) | undefined
}

/** Returns the fields of a new access token of an authorization, for all or part of its scope and audience. */
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

/** Makes an access token in the format of its resource, its client or the server. The same draft yields the same token id. */
export function makeAccessToken<Fields extends AccessTokenFields>(
  services: AccessTokenServices,
  draft: AccessTokenDraft<Fields>,
  context: RequestContext,
): MaybePromise<MadeAccessToken<Fields>> {
  if (formatOf(services, draft) === 'opaque') {
    return { token: draft.seed, record: recordOf(draft.fields, hashToken(draft.seed)) }
  }
  return andThen(makeJwt(services, draft, context), (token) => {
    // Issue only what the guard and Node accept.
    if (token.length > LONGEST_TOKEN) {
      const limit = `of the ${String(LONGEST_TOKEN)} that fit into the headers of a request`
      throw new Error(
        `The JWT access token has ${String(token.length)} characters ${limit}: let accessTokenClaims add less`,
      )
    }
    return { token, record: undefined }
  })
}

/** Node accepts 16 KiB of headers. What is left is for the other headers of a request. */
const LONGEST_TOKEN = 14_336

/** Member by member, since spreading costs more than the digest. */
function recordOf<Fields extends AccessTokenFields>(
  { clientId, userId, authorizationId, scope, audience, issuedAt, expiresAt }: Fields,
  tokenHash: TokenHash,
): Fields & Pick<AccessTokenRecord, 'tokenHash'> {
  const record = { tokenHash, clientId, userId, authorizationId, scope, audience, issuedAt, expiresAt }
  return record as Fields & typeof record
}

/** Returns the format of an access token for these resources. Throws `invalid_target` if they need different ones. */
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

/** Returns the setting of the resources that have one. It must be the same, since one token is for all of them. */
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

/** RFC 9068 §2.2: all of these claims are required. They come after the claims of the application and override them. */
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

/** Claims that only latchkey sets, even if this token has none of them. */
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
  // Not a claim: JSON.stringify would replace all claims by its result.
  'toJSON',
])

function withoutStandardClaims(claims: JwtClaims): JwtClaims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !reserved.has(name)))
}
