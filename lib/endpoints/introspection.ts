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

/** What the introspection endpoint works with. */
export interface IntrospectionServices extends ClientAuthServices, VerificationServices {
  readonly tokens: TokenStore
  readonly introspectionWatch: IntrospectionWatch
}

/** Notices clients that may introspect the tokens of all resources of a server that has several. */
export interface IntrospectionWatch {
  /** Looks at a client that may introspect. */
  see(client: Client): void
  /** What was noticed, if anything. */
  finding(): PostureFinding | undefined
}

/** Makes the watch of a server with so many resources. */
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

/** An introspection request: it may ask for a signed answer (RFC 9701). */
export interface IntrospectionRequest extends ClientAuthRequest {
  /** The `Accept` header. */
  readonly accept: string | undefined
}

/** What is told of a token (RFC 7662 §2.2). */
type Introspection = { readonly active: false } | ({ readonly active: true } & Readonly<Record<string, unknown>>)

const inactive: Introspection = Object.freeze({ active: false })
const jwtType = 'application/token-introspection+jwt'

/**
 * The introspection endpoint (RFC 7662): tells a resource server whether a token works, and what it says. Everything that does
 * not work for this caller is told in the same two words, whatever the reason.
 */
export function introspectionEndpoint(
  services: IntrospectionServices,
  request: IntrospectionRequest,
): MaybePromise<EndpointAnswer> {
  const { authorization, parameters } = request
  // RFC 9701 §5: a caller that does not authenticate is told 400, lest it fall back to something weaker.
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

/** RFC 7662 §4: only callers that proved who they are, and only those that are meant to ask. */
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
  // The guard's own judge, without what it remembers of clients and users.
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

/** A refresh token is shown only to the client that owns it: no resource accepts it. */
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
      // Guesses through a resource server are counted for that one; its own good tokens are told all the same.
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

/** RFC 7662 §4: whether the token may be used at the resource that asks. */
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

/** RFC 9701 §5: the same answer, signed for the caller alone; no `sub` and no `exp` that would make it an access token. */
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
