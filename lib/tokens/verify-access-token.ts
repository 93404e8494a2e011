import { wrongAnswer } from '../errors/wrong-answer.js'
import { audienceList } from './resource.js'
import { andThen, isPromiseLike, type MaybePromise } from '../time/maybe-promise.js'
import { timeOf, type RequestContext } from '../request/request-context.js'
import { noteRefused } from '../request/request-facts.js'
import { hashToken } from '../crypto/hash.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import type { AccessTokenRecord, TokenStore } from '../stores/token-store.js'
import type { Clock } from '../time/clock.js'
import type { ActiveParties } from './active-parties.js'
import type { VerifiedAccess } from './access-token-claims.js'
import type { VerifiedJwts } from '../jose/verified-jwts.js'
import { isJwt, verifyJwt, type FindKey, type JwtClaims } from '../jose/jwt.js'
import { isName, ownClaimRules, readAccessTokenClaims, type ClaimRules } from './access-token-claims.js'
import { factsOfJwt, sinceExpiry } from './refused-jwt.js'
import type { SigningKeys } from '../jose/signing-key-set.js'

/** Returns what an access token says, or why it is refused. */
export type VerifyAccessToken = (token: string, context: RequestContext) => MaybePromise<VerifiedAccess | TokenRefusal>

/** What verifying the tokens of the own server works with. */
export interface VerificationServices {
  readonly issuer: string
  /** Absent: the defaults. */
  readonly claimRules?: ClaimRules
  readonly tokens: Pick<TokenStore, 'findAccessToken' | 'isSignedTokenRevoked' | 'whyNotFound'>
  readonly signingKeys: SigningKeys | undefined
  readonly verifiedJwts: VerifiedJwts
  readonly clock: Clock
  readonly parties: ActiveParties
}

const noClaims: JwtClaims = Object.freeze({})

/** How a verifier is to work. */
export interface TokenVerifierOptions {
  /** Whether the store is asked if a JWT was revoked. */
  readonly checkRevocation: boolean
  /** Whether the client and the user are looked up: by what was found lately, at each request, or not at all. */
  readonly checkParties: 'lately' | 'anew' | false
  /** The client that asks: it has just authenticated, and is not looked up again. Absent: none has. */
  readonly caller?: string
  /**
   * Called with a token that was never issued or is no longer known; not with an expired JWT of ours. Returns the reason, for
   * which it may ask the store. May throw.
   */
  readonly onUnknown?: (
    context: RequestContext,
    reason: TokenRefusal,
    askWhy?: () => MaybePromise<TokenRefusal | undefined>,
  ) => MaybePromise<TokenRefusal>
}

/** Makes the function that verifies the server's own tokens, opaque and JWT alike: the one judge of guards and introspection. */
export function ownTokenVerifier(
  services: VerificationServices,
  { checkRevocation, checkParties, caller, onUnknown = sameReason }: TokenVerifierOptions,
): VerifyAccessToken {
  const { tokens, clock, parties } = services
  const anew = checkParties === 'anew'
  return (token, context) =>
    isJwt(token)
      ? andThen(verifyOwnJwt(services, token, context), (access) => {
          if (typeof access === 'string') return forged.has(access) ? onUnknown(context, access) : access
          const { tokenId, authorizationId, clientId, issuedAt } = access
          if (tokenId === undefined || !checkRevocation) return judged(access, context)
          const id = { tokenId, authorizationId, clientId, issuedAt }
          return andThen(tokens.isSignedTokenRevoked(id, context), (revoked: unknown) =>
            revoked === false ? judged(access, context) : refused('revoked', access, context),
          )
        })
      : andThen(tokens.findAccessToken(hashToken(token), context), (record) => {
          if (record === undefined) {
            return onUnknown(context, 'unknown', () => tokens.whyNotFound?.(hashToken(token), context))
          }
          const now = timeOf(context, clock)
          const access = opaqueAccess(record, now)
          if (typeof access !== 'string') return judged(access, context)
          return refused(access, record, context, sinceExpiry(record.expiresAt, now))
        })

  function judged(access: VerifiedAccess, context: RequestContext): MaybePromise<VerifiedAccess | TokenRefusal> {
    if (checkParties === false) return access
    const refusal = parties.judge(access, context, anew, caller)
    if (isPromiseLike(refusal)) {
      return refusal.then((reason) => (reason === undefined ? access : refused(reason, access, context)))
    }
    return refusal === undefined ? access : refused(refusal, access, context)
  }
}

/** Verifies signature and claims of one of the server's own JWTs; says nothing of revocation. */
export function verifyOwnJwt(
  services: VerificationServices,
  token: string,
  context: RequestContext,
): MaybePromise<VerifiedAccess | TokenRefusal> {
  const { signingKeys, verifiedJwts, issuer, clock, claimRules = ownClaimRules(issuer) } = services
  if (signingKeys === undefined) return 'unknown_key'
  return andThen(verifyJwt(token, 'at+jwt', ownKeys(signingKeys), verifiedJwts), (claims) => {
    const now = timeOf(context, clock)
    const access = readAccessTokenClaims(claims, claimRules, now)
    if (typeof access === 'string') noteRefused(context, factsOfJwt(access, token, claims, claimRules, now))
    return access
  })
}

type Owner = Pick<VerifiedAccess, 'clientId' | 'userId' | 'authorizationId'>

/** Notes whose token it is that is refused. */
function refused(reason: TokenRefusal, owner: Owner, context: RequestContext, detail?: string): TokenRefusal {
  const { clientId, userId, authorizationId } = owner
  noteRefused(context, { clientId, userId, authorizationId, detail })
  return reason
}

/** Says that a JWT has no signature of ours. One that has, and is refused all the same, is not unknown. */
const forged: ReadonlySet<TokenRefusal> = new Set(['form', 'type', 'header', 'unknown_key', 'algorithm', 'signature'])

function ownKeys(signingKeys: SigningKeys): FindKey {
  return ({ keyId }) => andThen(signingKeys.current(), (keys) => (keyId === undefined ? undefined : keys.find(keyId)))
}

/** Nobody counts. */
function sameReason(_context: RequestContext, reason: TokenRefusal): TokenRefusal {
  return reason
}

function opaqueAccess(record: AccessTokenRecord, now: number): VerifiedAccess | TokenRefusal {
  // Written so that a record without a proper expiry is expired.
  if (!(now < record.expiresAt)) return 'expired'
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
  const method = 'TokenStore.findAccessToken'
  throw isName(clientId) ? wrongAnswer(method, 'a userId', userId) : wrongAnswer(method, 'a clientId', clientId)
}
