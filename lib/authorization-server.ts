import type { IncomingMessage, ServerResponse } from 'node:http'
import { bearerRequirement, type BearerOptions } from './bearer/requirement.js'
import { clientSecretBasic } from './client-auth/client-secret-basic.js'
import { clientSecretPost } from './client-auth/client-secret-post.js'
import { clientSecretVerifier } from './client-auth/client-secret.js'
import { none } from './client-auth/none.js'
import { tokenEndpoint, type TokenEndpointServices } from './endpoints/token.js'
import { createEmit } from './events.js'
import { endpointHandler } from './express/endpoint-handler.js'
import type { HttpHandler } from './express/http.js'
import { bearerGuard, type AuthFor, type BearerGuard } from './express/require-bearer.js'
import { frontHandler, router } from './express/router.js'
import { checkServerOptions, type AuthorizationServerOptions } from './options.js'
import { serverStrategies, type ServerStrategies } from './passport/server-strategies.js'
import { bcryptHasher } from './passwords/bcrypt-hasher.js'
import { systemClock } from './protocol/clock.js'
import { applicationContext } from './protocol/request-context.js'
import type { RevocationSelection } from './stores/token-store.js'

/** An OAuth 2.0 authorization server and the guard for the routes of the same app. */
export interface AuthorizationServer {
  /** The middleware with the endpoints: `app.use(oauth.router())`. It needs no body parser, and minds none. */
  router(): HttpHandler
  /**
   * The endpoints in front of an app, or of nothing: `createServer(oauth.handler(app))`. The same answers as by `router()`, without
   * what Express costs; the app's own middleware, `trust proxy` among it, does not see these requests.
   */
  handler(
    app?: (req: IncomingMessage, res: ServerResponse) => unknown,
  ): (req: IncomingMessage, res: ServerResponse) => void
  /**
   * The guard of a route: lets requests pass whose bearer token is valid and has the scope (RFC 6750), and sets `req.auth`.
   * Throws `ConfigurationError` at once for options that no request could satisfy.
   */
  requireBearer<const For extends 'user' | 'client' | undefined = undefined>(
    options?: BearerOptions<For> & { readonly optional?: false },
  ): BearerGuard<AuthFor<For>>
  /** The same guard, which also lets requests without any credentials pass, with `req.auth` undefined. */
  requireBearer<const For extends 'user' | 'client' | undefined = undefined>(
    options: BearerOptions<For>,
  ): BearerGuard<AuthFor<For> | undefined>
  /** The same for apps that use Passport: `passport.use(oauth.strategies.bearer())`. */
  readonly strategies: ServerStrategies
  /** The sign-ins of users, and their end. */
  readonly authorizations: Authorizations
}

/** What an application may do with the sign-ins of its users. */
export interface Authorizations {
  /**
   * Revokes tokens at once: one sign-in, those of a user, those of a client, or all. To be called when a password is changed,
   * and when a user or a client is disabled. Answers how many live sign-ins ended.
   */
  revoke(selection: RevocationSelection): Promise<number>
}

/**
 * Makes an authorization server. Everything is checked here: a mistake throws a `ConfigurationError`, with the remedy, when the
 * app starts and not when a user calls.
 */
export function createAuthorizationServer(options: AuthorizationServerOptions): AuthorizationServer {
  checkServerOptions(options)
  const services = wire(options)
  const { issuer, tokenPath = '/oauth/token', realm = new URL(issuer).hostname } = options
  const production = process.env['NODE_ENV'] === 'production'
  const { requireTls = production && issuer.startsWith('https:') } = options
  const { emit } = services
  const settings = { realm, requireTls, emit }
  const endpoints = new Map([[tokenPath, endpointHandler(settings, (request) => tokenEndpoint(services, request))]])
  const guardServices = { ...services, realm }
  const { catalogue } = services.scopePolicy
  for (const { warning } of options.grants) if (warning) emit(applicationContext(), { type: 'warning', ...warning })
  return {
    router: () => router(endpoints),
    handler: (app) => frontHandler(endpoints, app),
    requireBearer: (bearerOptions: BearerOptions = {}) =>
      bearerGuard(guardServices, bearerRequirement(bearerOptions, catalogue, 'requireBearer')),
    strategies: serverStrategies(guardServices, catalogue),
    authorizations: {
      async revoke(selection) {
        const context = applicationContext()
        const authorizations = await options.tokens.revokeTokens(selection, context)
        emit(context, { type: 'tokens_revoked', authorizations })
        return authorizations
      },
    },
  }
}

function wire(options: AuthorizationServerOptions): TokenEndpointServices {
  const { clients, tokens, clock = systemClock, excessScope = 'refuse' } = options
  const verifySecret = clientSecretVerifier(options.secretHasher ?? bcryptHasher({ workers: 1 }))
  const builtIn = [clientSecretBasic(verifySecret), clientSecretPost(verifySecret), none]
  const grants = new Map(options.grants.map((grant) => [grant.grantType, grant]))
  return {
    clients,
    tokens,
    clock,
    grants,
    clientAuthMethods: [...(options.clientAuthMethods ?? []), ...builtIn],
    scopePolicy: { catalogue: new Set(options.scopes), excessScope },
    issuesRefreshTokens: grants.has('refresh_token'),
    lifetimes: {
      accessTokenLifetimeSeconds: options.accessTokenLifetimeSeconds ?? 3600,
      refreshTokenLifetimeSeconds: options.refreshTokenLifetimeSeconds ?? 14 * 86_400,
      authorizationLifetimeSeconds: options.authorizationLifetimeSeconds ?? 90 * 86_400,
    },
    emit: createEmit(options.onEvent, clock),
  }
}
