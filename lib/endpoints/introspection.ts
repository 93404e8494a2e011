import { authenticateClient, type ClientAuthServices } from '../client-auth/authenticate-client.js'
import { noCredentials } from '../client-auth/invalid-client.js'
import type { ClientAuthRequest } from '../client-auth/client-auth-method.js'
import { refusal } from '../errors/refusal.js'
import { audienceList } from '../tokens/resource.js'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'
import type { PostureFinding } from '../telemetry/operator-events.js'
import { timeOf, type RequestContext } from '../request/request-context.js'
import type { Client } from '../stores/client-store.js'
import type { RefreshTokenRecord, TokenStore } from '../stores/token-store.js'
import type { VerifiedAccess } from '../tokens/access-token-claims.js'
import { ownTokenVerifier, type VerificationServices } from '../tokens/verify-access-token.js'
import { signJwt } from '../jose/jwt.js'
import { countUnknownToken } from '../throttle/limit-attempts.js'
import { hashToken } from '../crypto/hash.js'
import type { TokenRefusal } from '../errors/refusal-reason.js'
import { TextAnswer, type EndpointAnswer } from './endpoint-answer.js'

/** What the introspection endpoint needs. */
export interface IntrospectionServices extends ClientAuthServices, VerificationServices {
  readonly tokens: TokenStore
  readonly introspectionWatch: IntrospectionWatch
}

/** Notices clients that may introspect the tokens of all resources of a server that has several. */
export interface IntrospectionWatch {
  /** Checks a client that may introspect. */
  see(client: Client): void
  /** Returns what was noticed. */
  finding(): PostureFinding | undefined
}

/** Creates the watch of a server with that number of resources. */
export function introspectionWatch(resources: number): IntrospectionWatch {
  let noticed: string | undefined
  return {
    see({ clientId, introspectsFor }) {
      if (resources > 1 && introspectsFor === undefined) noticed ??= clientId
    },
    finding: () =>
      noticed === undefined
        ? undefined
        : {
            code: 'introspects_everything',
            reason: `The client ${noticed} may introspect tokens for every resource, and learns whose they are`,
            remedy: 'Register it with introspectsFor, the resource that it is',
          },
  }
}

/** An introspection request, which may ask for a signed response (RFC 9701). */
export interface IntrospectionRequest extends ClientAuthRequest {
  /** The `Accept` header. */
  readonly accept: string | undefined
}

/** The introspection response (RFC 7662 §2.2). */
type Introspection = { readonly active: false } | ({ readonly active: true } & Readonly<Record<string, unknown>>)

const inactive: Introspection = Object.freeze({ active: false })
const jwtType = 'application/token-introspection+jwt'

/**
 * The introspection endpoint (RFC 7662): tells a resource server whether a token is active, and what it says. Every token that is inactive to
 * this caller gets the same response, for any reason.
 */
export function introspectionEndpoint(
  services: IntrospectionServices,
  request: IntrospectionRequest,
): MaybePromise<EndpointAnswer> {
  const { authorization, parameters } = request
  // RFC 9701 §5: a caller that does not authenticate gets 400, so that it does not fall back to something weaker.
  if (wantsJwt(services, request) && authorization === undefined && parameters.get('client_id') === undefined) {
    throw noCredentials({ status: 400 })
  }
  return andThen(authenticateCaller(services, request), (caller) => {
    const token = request.parameters.require('token')
    return andThen(introspect(services, caller, token, request.context), (answer) =>
      wantsJwt(services, request) ? signedAnswer(services, caller, answer, request.context) : answer,
    )
  })
}

/** Requires a caller that has authenticated and may introspect (RFC 7662 §4). */
function authenticateCaller(services: IntrospectionServices, request: IntrospectionRequest): MaybePromise<Client> {
  return andThen(authenticateClient(services, request), (client) => {
    if (client.clientType !== 'confidential') {
      throw refusal('invalid_client', 'public_client', 'Client authentication failed')
    }
    if (client.mayIntrospect !== true) {
      const description = 'This client may not introspect tokens'
      throw refusal('unauthorized_client', 'introspection_not_allowed', description)
    }
    services.introspectionWatch.see(client)
    return client
  })
}

function introspect(
  services: IntrospectionServices,
  caller: Client,
  token: string,
  context: RequestContext,
): MaybePromise<Introspection> {
  let unknown: TokenRefusal | undefined
  const onUnknown = (_context: RequestContext, reason: TokenRefusal): TokenRefusal => (unknown = reason)
  // Judged as the guard does, but without its cached clients and users.
  const verify = ownTokenVerifier(services, {
    checkRevocation: true,
    checkParties: 'anew',
    caller: caller.clientId,
    onUnknown,
  })
  return andThen(verify(token, context), (access) => {
    if (typeof access === 'string') return introspectRefreshToken(services, caller, { token, unknown }, context)
    return isFor(caller, access.audience) ? describeAccess(services.issuer, access) : inactive
  })
}

/** Shows a refresh token only to its client: no resource accepts it. */
function introspectRefreshToken(
  services: IntrospectionServices,
  caller: Client,
  { token, unknown }: { readonly token: string; readonly unknown: TokenRefusal | undefined },
  context: RequestContext,
): MaybePromise<Introspection> {
  const { tokens, issuer, clock } = services
  const tokenHash = hashToken(token)
  return andThen(tokens.findRefreshToken(tokenHash, context), (record): MaybePromise<Introspection> => {
    if (record === undefined) {
      if (unknown === undefined) return inactive
      // Unknown tokens are counted for the resource server that asks. It still gets responses about valid ones.
      const by = { context, clientId: caller.clientId }
      const askWhy = unknown === 'unknown' ? () => tokens.whyNotFound?.(tokenHash, context) : undefined
      return andThen(countUnknownToken(services, by, unknown, askWhy), () => inactive)
    }
    if (record.authorization.clientId !== caller.clientId || record.spending !== undefined) return inactive
    if (!(timeOf(context, clock) < record.expiresAt)) return inactive
    return andThen(services.parties.isUserActive(record.authorization, context), (active) =>
      active ? describeRefreshToken(issuer, record) : inactive,
    )
  })
}

/** Returns whether the token may be used at the resource that asks (RFC 7662 §4). */
function isFor({ introspectsFor }: Client, audience: readonly string[]): boolean {
  return introspectsFor === undefined || audience.includes(introspectsFor)
}

function describeAccess(issuer: string, access: VerifiedAccess): Introspection {
  const { clientId, userId, authorizationId, scope, audience, issuedAt, expiresAt, tokenId, claims } = access
  return {
    ...claims,
    active: true,
    iss: issuer,
    sub: userId ?? clientId,
    ...(audience.length === 0 ? {} : { aud: audience.length === 1 ? audience[0] : audience }),
    client_id: clientId,
    scope,
    token_type: 'Bearer',
    iat: issuedAt,
    exp: expiresAt,
    ...(authorizationId === undefined ? {} : { sid: authorizationId }),
    ...(tokenId === undefined ? {} : { jti: tokenId }),
  }
}

function describeRefreshToken(
  issuer: string,
  { authorization, issuedAt, expiresAt }: RefreshTokenRecord,
): Introspection {
  const { userId, clientId, scope, audience, authorizationId } = authorization
  const aud = audienceList(audience)
  return {
    active: true,
    iss: issuer,
    sub: userId,
    ...(aud === undefined ? {} : { aud: aud.length === 1 ? aud[0] : aud }),
    client_id: clientId,
    scope,
    iat: issuedAt,
    exp: expiresAt,
    sid: authorizationId,
  }
}

function wantsJwt({ signingKeys }: IntrospectionServices, { accept }: IntrospectionRequest): boolean {
  return signingKeys !== undefined && (accept ?? '').toLowerCase().includes(jwtType)
}

/** Signs the response for the caller (RFC 9701 §5). It has no `sub` and `exp`, which would make it an access token. */
function signedAnswer(
  { signingKeys, issuer, clock }: IntrospectionServices,
  { clientId }: Client,
  answer: Introspection,
  context: RequestContext,
): MaybePromise<EndpointAnswer> {
  return andThen(signingKeys?.current(), (keys) => {
    if (keys === undefined || keys.algorithms.length === 0) return answer
    const claims = { iss: issuer, aud: clientId, iat: timeOf(context, clock), token_introspection: answer }
    return andThen(signJwt(keys.active(), 'token-introspection+jwt', claims), (jwt) => new TextAnswer(jwtType, jwt))
  })
}
