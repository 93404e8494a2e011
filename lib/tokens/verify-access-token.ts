import { audienceList } from '../protocol/audience.js'
import { andThen, type MaybePromise } from '../protocol/maybe-promise.js'
import { timeOf, type RequestContext } from '../protocol/request-context.js'
import { hashToken } from '../protocol/token-hash.js'
import type { AccessTokenRecord, TokenStore } from '../stores/token-store.js'
import type { Clock } from '../protocol/clock.js'
import type { VerifiedAccess } from './verified-access.js'
import type { VerifiedJwts } from './verified-jwts.js'
import { isJwt, verifyJwt, type FindKey, type JwtClaims } from './jwt.js'
import { readAccessTokenClaims } from './access-token-claims.js'
import type { SigningKeys } from './signing-key-set.js'

/** Tells what an access token says; `undefined` for one that is unknown, expired, revoked or forged. */
export type VerifyAccessToken = (token: string, context: RequestContext) => MaybePromise<VerifiedAccess | undefined>

/** What verifying the tokens of the own server works with. */
export interface VerificationServices {
  readonly issuer: string
  readonly tokens: Pick<TokenStore, 'findAccessToken' | 'isSignedTokenRevoked'>
  readonly signingKeys: SigningKeys | undefined
  readonly verifiedJwts: VerifiedJwts
  readonly clock: Clock
}

const noClaims: JwtClaims = Object.freeze({})

/** The clocks of an issuer's processes may differ: a new token of one must not be from the future for another. */
const CLOCK_SKEW_SECONDS = 5

/** How a verifier is to work. */
export interface TokenVerifierOptions {
  /** Whether the store is asked if a JWT was revoked. */
  readonly checkRevocation: boolean
  /** Is told of a token that was never issued, or is not known any more; not of a JWT that was ours and is over. May throw. */
  readonly onUnknown?: (context: RequestContext) => MaybePromise<void>
}

/** Makes the function that verifies the server's own tokens, opaque and JWT alike. */
export function ownTokenVerifier(
  services: VerificationServices,
  { checkRevocation, onUnknown = ignore }: TokenVerifierOptions,
): VerifyAccessToken {
  const { tokens, clock } = services
  return (token, context) =>
    isJwt(token)
      ? andThen(readOwnJwt(services, token, context), (access) => {
          if (access === 'forged') return andThen(onUnknown(context), () => undefined)
          if (access === undefined) return undefined
          if (access.tokenId === undefined || !checkRevocation) return access
          const { tokenId, authorizationId } = access
          return andThen(tokens.isSignedTokenRevoked({ tokenId, authorizationId }, context), (revoked: unknown) =>
            revoked === false ? access : undefined,
          )
        })
      : andThen(tokens.findAccessToken(hashToken(token), context), (record) =>
          record === undefined
            ? andThen(onUnknown(context), () => undefined)
            : opaqueAccess(record, timeOf(context, clock)),
        )
}

/** Verifies signature and claims of one of the server's own JWTs; says nothing of revocation. */
export function verifyOwnJwt(
  services: VerificationServices,
  token: string,
  context: RequestContext,
): MaybePromise<VerifiedAccess | undefined> {
  return andThen(readOwnJwt(services, token, context), (access) => (access === 'forged' ? undefined : access))
}

/** `forged`: it has no signature of ours. `undefined`: it has one, and does not work all the same, such as one that is over. */
function readOwnJwt(
  services: VerificationServices,
  token: string,
  context: RequestContext,
): MaybePromise<VerifiedAccess | 'forged' | undefined> {
  const { signingKeys, verifiedJwts, issuer, clock } = services
  if (signingKeys === undefined) return 'forged'
  return andThen(verifyJwt(token, 'at+jwt', ownKeys(signingKeys), verifiedJwts), (claims) => {
    if (claims === undefined) return 'forged'
    const now = timeOf(context, clock)
    const access = readAccessTokenClaims(claims, issuer, now, CLOCK_SKEW_SECONDS)
    // The end is not forgiven: an opaque token would be over, too.
    return access !== undefined && now < access.expiresAt ? access : undefined
  })
}

function ownKeys(signingKeys: SigningKeys): FindKey {
  return ({ keyId }) => andThen(signingKeys.current(), (keys) => (keyId === undefined ? undefined : keys.find(keyId)))
}

function ignore(): void {
  // Nobody counts.
}

function opaqueAccess(record: AccessTokenRecord, now: number): VerifiedAccess | undefined {
  // Written so that a record without a proper expiry is expired.
  if (!(now < record.expiresAt)) return undefined
  const { clientId, userId, authorizationId, scope, issuedAt, expiresAt } = checkRecord(record)
  const audience = Object.freeze(audienceList(record.audience) ?? [])
  return {
    clientId,
    userId,
    authorizationId,
    scope,
    audience,
    issuedAt,
    expiresAt,
    tokenId: undefined,
    claims: noClaims,
  }
}

/** A store that keeps "no user" as null or as an empty text must not make a user of a service. */
function checkRecord(record: AccessTokenRecord): AccessTokenRecord {
  const { clientId, userId } = record as Readonly<Record<keyof AccessTokenRecord, unknown>>
  if (isName(clientId) && (userId === undefined || isName(userId))) return record
  throw new TypeError('The TokenStore answered something that is not an AccessTokenRecord')
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
