import { authenticateClient, type ClientAuthServices } from '../client-auth/authenticate-client.js'
import type { ClientAuthRequest } from '../client-auth/client-auth-method.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import type { Client } from '../stores/client-store.js'
import type { TokenStore } from '../stores/token-store.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import { tokensRevoked } from '../tokens/tokens-revoked.js'
import type { EndpointAnswer } from './endpoint-answer.js'
import { findPresentedToken, type PresentedToken, type PresentedTokenServices } from './presented-token.js'

/** What the revocation endpoint works with. */
export interface RevocationServices extends ClientAuthServices, PresentedTokenServices {
  readonly tokens: TokenStore
}

/** RFC 7009 §2.2 asks for no body, but clients parse one: simple-oauth2, for one, fails on an empty text. */
const done: EndpointAnswer = Object.freeze({})

/**
 * The revocation endpoint (RFC 7009): a client ends a token of its own. A refresh token takes its whole authorization with it,
 * spent or not; an access token goes alone. Unknown tokens and those of another client get the same response as one that was revoked.
 */
export function revocationEndpoint(
  services: RevocationServices,
  request: ClientAuthRequest,
): MaybePromise<EndpointAnswer> {
  return andThen(authenticateClient(services, request), (client) => {
    const token = request.parameters.require('token')
    return andThen(findPresentedToken(services, token, request.context), (found) => {
      if (typeof found === 'string' || ownerOf(found).clientId !== client.clientId) {
        tellWhy(services, request.context, client, found)
        return done
      }
      return andThen(revoke(services, found, request.context), () => done)
    })
  })
}

/**
 * RFC 7009 §2.2: an invalid token is no error, for the client wants nothing but that it does not work.
 *
 * Deviation: RFC 7009 §2.1 has a token of another client refused. That would tell anybody with a client, and so everybody where there are
 * public clients, which of the texts they found are live tokens. It stays, and the operator is told.
 */
function tellWhy(
  { emit }: RevocationServices,
  context: RequestContext,
  { clientId }: Client,
  found: PresentedToken | TokenRefusal,
): void {
  if (typeof found === 'string') {
    // Nothing is learned from that answer, so it is told and not counted: clients give back what has expired, too.
    emit(context, { type: 'unknown_token', clientId, reason: found })
  } else {
    const { clientId: ownerClientId, authorizationId } = ownerOf(found)
    emit(context, { type: 'refresh_token_misused', clientId, ownerClientId, authorizationId })
  }
}

/** The client and the authorization that a token belongs to. */
function ownerOf(found: PresentedToken): { readonly clientId: string; readonly authorizationId: string | undefined } {
  switch (found.kind) {
    case 'jwt':
      return found.access
    case 'opaque':
      return found.record
    case 'refresh':
      return found.record.authorization
  }
}

function revoke(
  { tokens, emit }: RevocationServices,
  found: PresentedToken,
  context: RequestContext,
): MaybePromise<unknown> {
  switch (found.kind) {
    case 'jwt':
      return tokens.revokeSignedToken(found.access.tokenId ?? '', found.access.expiresAt, context)
    case 'opaque':
      return tokens.revokeAccessToken(found.record.tokenHash, context)
    case 'refresh': {
      const { authorizationId } = found.record.authorization
      return andThen(tokens.revokeTokens({ authorizationId }, context), (authorizations) => {
        emit(context, tokensRevoked({ authorizationId }, authorizations))
      })
    }
  }
}
