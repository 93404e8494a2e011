export {
  createAuthorizationServer,
  type AuthorizationServer,
} from './authorization-server/create-authorization-server.js'
export type { Authorizations } from './authorization-server/authorizations.js'
export type {
  Clients,
  ListedSecret,
  RetireSecretOptions,
  RotatedSecret,
  RotateSecretOptions,
} from './clients/clients.js'
export type { AuthorizationServerOptions } from './authorization-server/options.js'

export { clientCredentialsGrant } from './grants/client-credentials.js'
export { passwordGrant, type PasswordGrantOptions } from './grants/password.js'
export { refreshTokenGrant, type RefreshTokenGrantOptions } from './grants/refresh-token.js'
export type { AddHeader, GrantHandler, GrantRequest, GrantServer } from './grants/grant-handler.js'
export type {
  ClientAccess,
  GrantedAccess,
  RefreshedAccess,
  ReplayedAccess,
  UserAccess,
} from './tokens/granted-access.js'
export type { Resource } from './tokens/resource.js'
export type { ExcessScope } from './grants/granted-scope.js'

export { loadSigningKeys, type KeySource, type SigningKeyOptions } from './jose/load-signing-keys.js'
export { storedSigningKeys } from './jose/stored-signing-keys.js'
export type {
  ListedSigningKey,
  StoredSigningKeys,
  StoredSigningKeysOptions,
} from './jose/stored-signing-keys-options.js'
export type { GeneratedAlgorithm, SigningKey, VerificationKey, SigningAlgorithm } from './jose/signing-key.js'
export type { SigningKeys, SigningKeySet } from './jose/signing-key-set.js'
export type { AccessTokenClaims, AccessTokenFields } from './tokens/access-token.js'
export type { JwtClaims } from './jose/jwt.js'

export {
  createClient,
  type CreatedClient,
  type CreatedConfidentialClient,
  type CreatedPublicClient,
  type NewClient,
} from './clients/create-client.js'
export { digestClientSecret } from './clients/secret-digest.js'
export type { ClientAuthMethod, ClientAuthRequest, PresentedCredentials } from './client-auth/client-auth-method.js'

export type { Auth, ClientAuth, UnknownAuth, UserAuth } from './bearer/auth.js'
export type { BearerOptions } from './bearer/requirement.js'
export type { AuthFor, BearerGuard, RequireBearer } from './http/require-bearer.js'
export type { ClientAddress, NameRequest } from './http/http-request-context.js'
export type { HttpHandler, HttpRequest } from './http/http.js'
export type { IsSecure } from './http/tls.js'
export type { authOf } from './http/request-auth.js'
export type { ServerStrategies } from './passport/server-strategies.js'

export type {
  AccessTokenFormat,
  Client,
  ClientRegistration,
  ClientRegistry,
  ClientSecret,
  ClientStore,
  ConfidentialClient,
  PublicClient,
} from './stores/client-store.js'
export type { KeyStore, SigningKeyState, StoredSigningKey } from './stores/key-store.js'
export { pruneRegularly, type PruneRegularlyOptions } from './stores/prune-regularly.js'
export type { KnownUser, User, UserAuthentication, UserStore, VerifyingUserStore } from './stores/user-store.js'
export {
  SPENT_TOKENS_KEPT,
  type AccessTokenRecord,
  type Authorization,
  type ClientAccessTokenRecord,
  type ListedAuthorization,
  type NewRefreshToken,
  type NewClientTokens,
  type NewTokens,
  type NewUserTokens,
  type PruneLimits,
  type RefreshTokenRecord,
  type RefreshTokenRotation,
  type RefreshTokenSpending,
  type RevocationSelection,
  type RotationOutcome,
  type SignedTokenId,
  type TokenStore,
  type UserAccessTokenRecord,
} from './stores/token-store.js'

export { bcryptHasher, type BcryptHasher, type BcryptHasherOptions } from './passwords/bcrypt-hasher.js'
export type { PasswordHasher } from './passwords/password-hasher.js'
export type { UnreadableHash } from './passwords/unreadable-hash.js'

export { ConfigurationError } from './errors/configuration-error.js'
export { isOAuthError, OAuthError, type OAuthErrorCode, type OAuthErrorOptions } from './errors/oauth-error.js'
export type { ClientRefusal, RefusalReason, TokenRefusal, UserRefusal } from './errors/refusal-reason.js'
export { isStoreUnavailableError, StoreUnavailableError } from './errors/store-unavailable-error.js'
export { memoryThrottle, type MemoryThrottleOptions } from './throttle/memory-throttle.js'
export type { LimiterState, RateLimiter } from './throttle/rate-limiter.js'
export { sharedThrottle, type SharedThrottleOptions } from './throttle/shared-throttle.js'
export type { AllowedAttempt, AttemptOutcome, BlockedAttempt, Throttle, ThrottleKey } from './throttle/throttle.js'
export type { AllowedGuess, GuessedAccount, TooManyFailures } from './throttle/limit-sign-in.js'
export type { ThrottleLimit, ThrottleLimits } from './throttle/throttle-limits.js'
export type { PostureCode, PostureFinding, WarningCode } from './telemetry/operator-events.js'
export type { ThrottleKind, EventLevel } from './telemetry/request-events.js'

export type { OAuthEvent } from './telemetry/events.js'
export { consoleEvents, type ConsoleEventsOptions } from './telemetry/console-events.js'
export type { RequestTrace } from './telemetry/request-trace.js'

export type { Clock } from './time/clock.js'
export type { Secret, ServerSecret } from './crypto/sealing.js'
export type { MaybePromise } from './time/maybe-promise.js'
export type { Parameters } from './protocol/parameters.js'
export type { EndpointName, RequestContext } from './request/request-context.js'
export type { Scope } from './protocol/scope.js'
export { hashToken, type TokenHash } from './crypto/hash.js'
