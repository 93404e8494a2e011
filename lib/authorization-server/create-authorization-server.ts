import type { IncomingMessage, ServerResponse } from 'node:http'
import { readServerOptions, type ServerSettings } from './check-server-options.js'
import { authorizationsOf, type Authorizations } from './authorizations.js'
import { clientsOf, type Clients } from '../clients/clients.js'
import { bearerRequirement, type BearerOptions } from '../bearer/requirement.js'
import { chosenSecrets } from '../clients/chosen-secrets.js'
import { clientSecretBasic } from '../client-auth/basic.js'
import { clientSecretPost } from '../client-auth/client-secret-post.js'
import { clientSecretVerifier } from '../client-auth/client-secret.js'
import { ClientWatch } from '../clients/client-watch.js'
import { none } from '../client-auth/none.js'
import { secretUseNotes } from '../clients/note-secret-use.js'
import { unreadableDigests } from '../clients/unreadable-digests.js'
import { SharedAddressWatch } from '../client-auth/user-address.js'
import { introspectionWatch } from '../endpoints/introspection.js'
import { grantServer } from '../endpoints/token.js'
import { createEmit } from '../telemetry/emit.js'
import { mountWatch, proxyWatch } from '../http/deployment-watch.js'
import { type HttpHandler, refuseUncalled } from '../http/http.js'
import { bearerGuard, type RequireBearer } from '../http/require-bearer.js'
import { frontHandler, router } from '../http/router.js'
import { tlsRule } from '../http/tls.js'
import type { AuthorizationServerOptions } from './options.js'
import { serverStrategies, type ServerStrategies } from '../passport/server-strategies.js'
import { noticedWeaknesses, requireStrength, weaknessWarning, weakSettings } from './posture.js'
import { lookAtStart } from './look-at-start.js'
import { bcryptHasher } from '../passwords/bcrypt-hasher.js'
import { isProduction } from '../checks/check-issuer.js'
import type { PasswordHasher } from '../passwords/password-hasher.js'
import type { PostureFinding } from '../telemetry/operator-events.js'
import { applicationContext } from '../request/request-context.js'
import { sealingWith, serverSecrets } from '../crypto/sealing.js'
import { checkThrottle } from '../throttle/throttle.js'
import { countUnknownToken } from '../throttle/limit-attempts.js'
import { memoryThrottle } from '../throttle/memory-throttle.js'
import { Places } from '../throttle/places.js'
import { resourceMetadataUrl, serverEndpoints, type ServerServices } from './server-endpoints.js'
import { ActiveParties } from '../tokens/active-parties.js'
import { ownClaimRules } from '../tokens/access-token-claims.js'
import { VerifiedJwts } from '../jose/verified-jwts.js'
import { ownTokenVerifier } from '../tokens/verify-access-token.js'

/** Seconds for which a guard remembers that a client and a user are active. */
const PARTY_CHECK_SECONDS = 5

/** An OAuth 2.0 authorization server, and the guard for the routes of the same app. */
export interface AuthorizationServer {
  /** Returns the middleware with the endpoints: `app.use(oauth.router())`. It needs no body parser and also works after one. */
  router(): HttpHandler
  /**
   * Returns the endpoints in front of an app, or alone: `createServer(oauth.handler(app))`. The responses are those of `router()`, without the
   * cost of Express. The app's middleware does not see these requests. The `trust proxy` setting of an Express app applies.
   */
  handler(
    app?: (req: IncomingMessage, res: ServerResponse) => unknown,
  ): (req: IncomingMessage, res: ServerResponse) => void
  /**
   * Returns the guard of a route.
   *
   * @example
   * ```ts
   * app.get('/orders', oauth.requireBearer({ scope: 'orders:read' }), (req, res) => res.json({ for: req.auth.clientId }))
   * ```
   */
  readonly requireBearer: RequireBearer
  /** The strategies for apps that use Passport: `passport.use(oauth.strategies.bearer())`. */
  readonly strategies: ServerStrategies
  /** Lists and revokes the sign-ins of users. */
  readonly authorizations: Authorizations
  /** Disables clients and rotates their secrets. */
  readonly clients: Clients
  /**
   * Returns the weak settings, each with the reason and the remedy. Weaknesses that only requests reveal, such as an untrusted proxy, are
   * included once they were noticed.
   */
  posture(): readonly PostureFinding[]
}

/**
 * Creates an authorization server. It checks everything at startup: a mistake throws a `ConfigurationError` with the remedy.
 *
 * @example
 * ```ts
 * const oauth = createAuthorizationServer({
 *   issuer: 'https://auth.example.com',
 *   clients,
 *   tokens,
 *   scopes: ['orders:read'],
 *   grants: [passwordGrant({ users }), refreshTokenGrant()],
 * })
 * app.use(oauth.router())
 * ```
 */
export function createAuthorizationServer(options: AuthorizationServerOptions): AuthorizationServer {
  const chosen = readServerOptions(options)
  const { secretHasher = bcryptHasher({ workers: 1 }) } = chosen
  const services = wire(chosen, secretHasher)
  const { issuer, realm = new URL(issuer).hostname, checkRevocation } = chosen
  const tls = tlsRule(chosen, issuer)
  const { requestId, clientAddress, requestTimeoutSeconds } = chosen
  const { clock, emit, scopePolicy, resources, grants: grantTypes } = services
  const proxy = proxyWatch(emit, clientAddress)
  const settings = { clock, realm, emit, proxy, tls, requestId, requestTimeoutSeconds, clientAddress }
  const endpoints = serverEndpoints(chosen, services, { ...settings, grantTypes })
  const [resource] = resources.keys()
  const guardServices = {
    ...services,
    ...settings,
    resource,
    resourceMetadata: resource === undefined ? undefined : resourceMetadataUrl(resource, issuer),
    verifyAccessToken: ownTokenVerifier(services, {
      checkRevocation,
      checkParties: partyCheckSeconds(chosen) === false ? false : 'lately',
      onUnknown: (context, reason, askWhy) =>
        countUnknownToken(services, { context, clientId: undefined }, reason, askWhy),
    }),
  }
  const authorizations = authorizationsOf(services)
  const seeMount = mountWatch(issuer, emit)
  const weaknesses = weakSettings({ options: chosen, throttle: services.throttle, isProduction: isProduction(issuer) })
  if (chosen.strict) requireStrength(weaknesses)
  if (weaknesses.length > 0) emit(applicationContext(), weaknessWarning(weaknesses))
  void checkThrottle(services.throttle, emit)
  for (const { warning } of chosen.grants) if (warning) emit(applicationContext(), { type: 'warning', ...warning })
  lookAtStart(services)
  return {
    router: (...others: unknown[]) => {
      refuseUncalled(others, 'router', 'app.use(oauth.router())')
      return router(endpoints, seeMount)
    },
    handler: (app, ...others: unknown[]) => {
      refuseUncalled(others, 'handler', 'createServer(oauth.handler())')
      return frontHandler(endpoints, app)
    },
    requireBearer: (bearerOptions: BearerOptions = {}, ...others: unknown[]) => {
      refuseUncalled(others, 'requireBearer', "app.get('/orders', oauth.requireBearer(), listOrders)")
      return bearerGuard(guardServices, bearerRequirement(bearerOptions, scopePolicy.catalogue, 'requireBearer'))
    },
    strategies: serverStrategies(guardServices, scopePolicy.catalogue),
    authorizations,
    clients: clientsOf({ ...services, endTokens: (clientId) => authorizations.revoke({ clientId }) }),
    posture: () => [
      ...weaknesses,
      ...noticedWeaknesses(
        chosen.grants,
        secretHasher,
        proxy.finding(),
        services.sharedAddresses.finding(),
        services.introspectionWatch.finding(),
      ),
    ],
  }
}

function wire(options: ServerSettings, secretHasher: PasswordHasher): ServerServices {
  const { issuer, clients, tokens, clock, excessScope } = options
  const { throttle = memoryThrottle({ clock }) } = options
  const { accessTokenFormat, signingKeys, accessTokenClaims } = options
  const emit = createEmit(options.onEvent, clock, issuer)
  const { chosenClientSecrets } = options
  const digests = unreadableDigests(secretHasher, emit)
  const secrets = clientSecretVerifier({
    digests,
    hasher: secretHasher,
    chosen: chosenSecrets({ clients, hasher: secretHasher, emit, chosenClientSecrets }),
    emit,
    noteUse: secretUseNotes({ clients, hasher: secretHasher, emit }),
  })
  const builtIn = [clientSecretBasic(secrets), clientSecretPost(secrets), none]
  const grants = new Map(options.grants.map((grant) => [grant.grantType, grant]))
  const parties = new ActiveParties({ clients, tokens, grants, clock }, partyCheckSeconds(options) || 0)
  const resources = new Map((options.resources ?? []).map((resource) => [resource.resource, resource]))
  const clientAuthMethods = [...(options.clientAuthMethods ?? []), ...builtIn]
  const offer = {
    grants,
    scopes: options.scopes,
    resources: [...resources.keys()],
    authMethods: clientAuthMethods.map(({ name }) => name),
    hasSigningKeys: signingKeys !== undefined,
    isProduction: isProduction(issuer),
  }
  const services = {
    clientWatch: new ClientWatch(offer, digests, emit),
    issuer,
    introspectionWatch: introspectionWatch(options.resources?.length ?? 0),
    claimRules: ownClaimRules(issuer, options),
    clients,
    tokens,
    clock,
    grants,
    accessTokenFormat,
    signingKeys,
    parties,
    verifiedJwts: new VerifiedJwts(options.rememberedJwts),
    accessTokenClaims,
    resources,
    clientAuthMethods,
    scopePolicy: { catalogue: new Set(options.scopes), excessScope },
    issuesRefreshTokens: grants.has('refresh_token'),
    lifetimes: {
      accessTokenLifetimeSeconds: options.accessTokenLifetimeSeconds,
      refreshTokenLifetimeSeconds: options.refreshTokenLifetimeSeconds,
      authorizationLifetimeSeconds: options.authorizationLifetimeSeconds,
    },
    emit,
    sharedAddresses: new SharedAddressWatch(emit),
    throttle: throttle === false ? undefined : throttle,
    places: new Places(),
    sealing: sealingWith(serverSecrets(options.secret)),
  }
  return { ...services, grantServer: grantServer(services) }
}

/** If the token store is not asked at each request, the others are not asked either. */
function partyCheckSeconds({ checkRevocation, partyCheckSeconds }: ServerSettings): number | false {
  return partyCheckSeconds ?? (checkRevocation && PARTY_CHECK_SECONDS)
}
