import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import { hashToken } from '../crypto/hash.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import type { AccessTokenRecord, RefreshTokenRecord, TokenStore } from '../stores/token-store.js'
import { isJwt } from '../jose/jwt.js'
import type { VerifiedAccess } from '../tokens/access-token-claims.js'
import { verifyOwnJwt, type VerificationServices } from '../tokens/verify-access-token.js'

/** A token that a client presents, identified by what it is and not by what the client calls it. */
export type PresentedToken =
  | { readonly kind: 'opaque'; readonly record: AccessTokenRecord }
  | { readonly kind: 'jwt'; readonly access: VerifiedAccess }
  | { readonly kind: 'refresh'; readonly record: RefreshTokenRecord }

/** What finding a token needs. */
export interface PresentedTokenServices extends VerificationServices {
  readonly tokens: Pick<TokenStore, 'findAccessToken' | 'findRefreshToken' | 'isSignedTokenRevoked'>
}

/**
 * Finds a presented token: a JWT by its signature, anything else in the store, first among access tokens, then among refresh tokens. Otherwise
 * returns why it is not a token of this server.
 *
 * It ignores `token_type_hint`, which is only a hint (RFC 7009 §2.1) and would save one of two look-ups.
 */
export function findPresentedToken(
  services: PresentedTokenServices,
  token: string,
  context: RequestContext,
): MaybePromise<PresentedToken | TokenRefusal> {
  if (isJwt(token)) {
    return andThen(verifyOwnJwt(services, token, context), (access) =>
      typeof access === 'string' ? access : { kind: 'jwt', access },
    )
  }
  const tokenHash = hashToken(token)
  return andThen(
    services.tokens.findAccessToken(tokenHash, context),
    (record): MaybePromise<PresentedToken | TokenRefusal> => {
      if (record !== undefined) return { kind: 'opaque', record }
      return andThen(services.tokens.findRefreshToken(tokenHash, context), (found) =>
        found === undefined ? 'unknown' : { kind: 'refresh', record: found },
      )
    },
  )
}
