import { describeOptions } from '../checks/describe-options.js'
import { wholeNumber } from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import type { PostureFinding } from '../telemetry/operator-events.js'
import { isPrintableAscii } from '../protocol/grammar.js'
import { hashToken } from '../crypto/hash.js'
import type { Client } from '../stores/client-store.js'
import type { RefreshTokenRecord } from '../stores/token-store.js'
import type { RefreshedAccess, ReplayedAccess } from '../tokens/granted-access.js'
import { invalidRefreshToken, judgeSpentToken, LATE_AFTER_SECONDS, ownerOf } from '../tokens/spent-token.js'
import type { GrantHandler, GrantRequest } from './grant-handler.js'
import { takeOne, timesPerDay } from './pace.js'

const MAX_LENGTH = 512
/** The time that a slow store may take: `timeoutMilliseconds` of our stores. */
const SLOW_STORE_SECONDS = 5

/** Settings of the refresh token grant. */
export interface RefreshTokenGrantOptions {
  /**
   * Seconds within which a spent refresh token returns the same successors again, as long as these were not used, so that a lost response or a
   * second tab does not end the sign-in. Default 10, at most 86,400; 0 makes every second use a replay.
   *
   * Above 60 it is for confidential clients only (others have 60), needs a token store with `claimLateRetry`, and allows one retry later than
   * 60 seconds: another one before the next normal refresh is a replay.
   */
  readonly graceSeconds?: number
  /**
   * How often a sign-in may be refreshed in a day: all of it at once, then evenly; more is refused with 429. It bounds what one user can
   * store. Default 8,640, at most 86,400,000.
   */
  readonly refreshesPerDay?: number
}

const description = describeOptions<RefreshTokenGrantOptions>()('refreshTokenGrant', {
  graceSeconds: wholeNumber(0, 86_400).or(10),
  refreshesPerDay: timesPerDay(),
})

/**
 * Creates the refresh token grant (RFC 6749 §6) with rotation: each use returns a new refresh token, and a late second use ends the
 * authorization (RFC 9700 §4.14.2).
 *
 * @example
 * ```ts
 * const grants = [passwordGrant({ users }), refreshTokenGrant({ graceSeconds: 30 })]
 * ```
 */
export function refreshTokenGrant(options: RefreshTokenGrantOptions = {}): GrantHandler {
  const { graceSeconds, refreshesPerDay } = description.read(options)
  return {
    grantType: 'refresh_token',
    weaknesses: weakGraces.filter(({ isFound }) => isFound(graceSeconds)).map(({ finding }) => finding),
    checkTokenStore(tokens) {
      if (graceSeconds <= LATE_AFTER_SECONDS || typeof tokens.claimLateRetry === 'function') return
      throw new ConfigurationError(
        'refreshTokenGrant.graceSeconds',
        `is ${String(graceSeconds)}, but more than 60 needs a token store with the method claimLateRetry`,
        'Set graceSeconds to 60 or less, or add claimLateRetry to the store',
      )
    },
    grantAccess(request): MaybePromise<RefreshedAccess | ReplayedAccess> {
      const presentedToken = request.parameters.require('refresh_token')
      // RFC 6749 appendix A.17
      if (presentedToken.length > MAX_LENGTH || !isPrintableAscii(presentedToken)) throw invalidRefreshToken('form')
      const tokenHash = hashToken(presentedToken)
      const { client, context, receivedAt, server } = request
      return andThen(server.tokens.findRefreshToken(tokenHash, context), (found) => {
        if (found === undefined) {
          return andThen(server.countUnknownToken(request, tokenHash), (reason) => {
            throw invalidRefreshToken(reason)
          })
        }
        const record = checkRecord(found, request)
        const { authorization, spending } = record
        const { grantType, userId } = authorization
        const grace = graceOf(client, graceSeconds)
        const verdict = spending && judgeSpentToken(spending, receivedAt, grace)
        // A replay ends the authorization, even of a user who is disabled, and with a scope that would be refused.
        if (verdict === 'replay') return { actsFor: 'nobody', replayed: record }
        if (verdict === 'refused') throw invalidRefreshToken('overtaken', ownerOf(authorization))
        // A retry stores nothing, so it takes nothing from the allowance.
        const pacedUntil =
          verdict === undefined ? takeOne(request, 'refresh', refreshesPerDay, record.pacedUntil) : undefined
        return andThen(server.confirmUser(grantType, userId, context), (confirmed: unknown) => {
          if (confirmed !== true) {
            const reason = server.isServed(grantType) ? 'user_disabled' : 'grant_not_served'
            throw invalidRefreshToken(reason, { ...ownerOf(authorization), detail: `The sign-in was by ${grantType}` })
          }
          const scope = server.refreshScope(request, authorization)
          return {
            actsFor: 'same-user',
            presentedToken,
            record,
            scope,
            graceSeconds: grace,
            pacedUntil,
            retry: verdict,
          }
        })
      })
    },
  }
}

/** A client that cannot prove what it is shares its long grace with anybody who has its token. */
function graceOf({ clientType }: Client, graceSeconds: number): number {
  return clientType === 'confidential' ? graceSeconds : Math.min(graceSeconds, LATE_AFTER_SECONDS)
}

const weakGraces: readonly { readonly isFound: (graceSeconds: number) => boolean; readonly finding: PostureFinding }[] =
  [
    {
      isFound: (graceSeconds) => graceSeconds > LATE_AFTER_SECONDS,
      finding: {
        code: 'long_grace',
        reason: 'A spent refresh token is answered again for more than a minute (graceSeconds)',
        remedy: 'Leave graceSeconds out for 10 seconds, unless clients are offline for longer when an answer is lost',
      },
    },
    {
      isFound: (graceSeconds) => graceSeconds > 0 && graceSeconds < SLOW_STORE_SECONDS,
      finding: {
        code: 'short_grace',
        reason:
          'The grace is shorter than a slow store takes (graceSeconds): a retry of a slow refresh ends the sign-in',
        remedy: 'Leave graceSeconds out for 10 seconds, or set it to 0 where nothing is tried again',
      },
    },
  ]

function checkRecord(
  record: RefreshTokenRecord,
  { client, receivedAt, context, server }: GrantRequest,
): RefreshTokenRecord {
  const { authorization } = record
  const { authorizationId, clientId: ownerClientId } = authorization
  const { clientId } = client
  // RFC 6749 §6: the token is bound to its client. On a stranger's word nothing is spent and nothing is revoked.
  if (ownerClientId !== clientId) {
    server.emit(context, { type: 'refresh_token_misused', clientId, ownerClientId, authorizationId })
    const detail = `It belongs to the client ${ownerClientId}`
    throw invalidRefreshToken('foreign_token', { ...ownerOf(authorization), detail })
  }
  const expiresAt = record.spending === undefined ? record.expiresAt : authorization.expiresAt
  const now = Math.floor(receivedAt / 1000)
  if (!(now < expiresAt)) {
    const detail = `It expired ${String(now - expiresAt)} seconds ago`
    throw invalidRefreshToken('expired', { ...ownerOf(authorization), detail })
  }
  return record
}
