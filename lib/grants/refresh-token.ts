import { checkOptions } from '../errors/check-options.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { OAuthError } from '../errors/oauth-error.js'
import { andThen, type MaybePromise } from '../protocol/maybe-promise.js'
import { timeOf } from '../protocol/request-context.js'
import { isPrintableAscii } from '../protocol/printable-ascii.js'
import { storedScope, type Scope } from '../protocol/scope.js'
import { hashToken } from '../protocol/token-hash.js'
import type { RefreshTokenRecord, RefreshTokenSpending } from '../stores/token-store.js'
import type { GrantHandler, GrantRequest, RefreshedAccess } from './grant-handler.js'

const MAX_LENGTH = 512

/** Settings of the refresh token grant. */
export interface RefreshTokenGrantOptions {
  /**
   * Seconds within which a spent refresh token is answered with the same successors, so that a retry or a second tab does not
   * end the sign-in. Default 10, at most 60; 0 makes every second use a replay.
   */
  readonly graceSeconds?: number
}

/**
 * The refresh token grant (RFC 6749 §6) with rotation: each use answers a new refresh token, a late second use ends the
 * authorization (RFC 9700 §4.14.2).
 */
export function refreshTokenGrant(options: RefreshTokenGrantOptions = {}): GrantHandler {
  checkOptions('refreshTokenGrant', options, ['graceSeconds'])
  const { graceSeconds = 10 } = options
  if (!Number.isSafeInteger(graceSeconds) || graceSeconds < 0 || graceSeconds > 60) {
    throw new ConfigurationError(
      'refreshTokenGrant.graceSeconds',
      'must be a whole number from 0 to 60',
      'Leave it out for 10',
    )
  }
  return {
    grantType: 'refresh_token',
    grantAccess(request): MaybePromise<RefreshedAccess> {
      const presentedToken = request.parameters.require('refresh_token')
      // RFC 6749 appendix A.17
      if (presentedToken.length > MAX_LENGTH || !isPrintableAscii(presentedToken)) throw invalidRefreshToken()
      return andThen(request.tokens.findRefreshToken(hashToken(presentedToken), request.context), (found) => {
        if (found === undefined) {
          return andThen(request.countUnknownToken(), () => {
            throw invalidRefreshToken()
          })
        }
        const record = checkRecord(found, request)
        const { authorization } = record
        const { grantType, userId, scope } = authorization
        const accessTo = (scope: Scope): RefreshedAccess => {
          return { actsFor: 'same-user', presentedToken, record, scope, graceSeconds }
        }
        // A replay ends the authorization: whatever scope it asks for, whatever became of the user.
        if (isReplay(record.spending, timeOf(request.context, request.clock), graceSeconds))
          return accessTo(storedScope(scope))
        return andThen(request.confirmUser(grantType, userId), (confirmed: unknown) => {
          if (confirmed !== true) throw invalidRefreshToken()
          return accessTo(request.refreshScope(authorization))
        })
      })
    },
  }
}

/** Whether a token that was spent comes back too late to be a retry. */
export function isReplay(spending: RefreshTokenSpending | undefined, now: number, graceSeconds: number): boolean {
  // Written so that a spending without a proper time is a replay.
  return spending !== undefined && !(now - spending.spentAt < graceSeconds)
}

/** The one answer to every refresh token that does not work: unknown, expired, revoked, foreign, replayed. */
export function invalidRefreshToken(): OAuthError {
  return new OAuthError('invalid_grant', 'The refresh token is invalid, expired, revoked, or belongs to another client')
}

function checkRecord(record: RefreshTokenRecord, { client, clock, context, emit }: GrantRequest): RefreshTokenRecord {
  const { authorizationId, clientId: ownerClientId } = record.authorization
  const { clientId } = client
  // RFC 6749 §6: the token is bound to its client. On a stranger's word nothing is spent and nothing is revoked.
  if (ownerClientId !== clientId) {
    emit(context, { type: 'refresh_token_misused', clientId, ownerClientId, authorizationId })
    throw invalidRefreshToken()
  }
  const expiresAt = record.spending === undefined ? record.expiresAt : record.authorization.expiresAt
  if (!(timeOf(context, clock) < expiresAt)) throw invalidRefreshToken()
  return record
}
