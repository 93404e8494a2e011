export { createAuthorizationServer, type AuthorizationServer } from './authorization-server.js'
export type { Authorizations } from './authorizations.js'
export type { Clients, ListedSecret, RetireSecretOptions, RotatedSecret, RotateSecretOptions } from './clients.js'
export type { AuthorizationServerOptions } from './options.js'

export { clientCredentialsGrant } from './grants/client-credentials.js'
export { passwordGrant, type PasswordGrantOptions } from './grants/password.js'
export { refreshTokenGrant, type RefreshTokenGrantOptions } from './grants/refresh-token.js'
export type {
  AddHeader,
  ClientAccess,
  GrantedAccess,
  GrantHandler,
  GrantRequest,
  RefreshedAccess,
  UserAccess,
} from './grants/grant-handler.js'
export type { Resource } from './grants/granted-resources.js'
export type { ExcessScope } from './grants/granted-scope.js'

export { loadSigningKeys, type KeySource, type SigningKeyOptions } from './tokens/load-signing-keys.js'
export { storedSigningKeys } from './tokens/stored-signing-keys.js'
export type {
  ListedSigningKey,
  StoredSigningKeys,
  StoredSigningKeysOptions,
} from './tokens/stored-signing-keys-options.js'
export type { GeneratedAlgorithm } from './tokens/generate-signing-key.js'
export type { SigningKeys, SigningKeySet } from './tokens/signing-key-set.js'
export type { SigningKey, VerificationKey } from './tokens/signing-key.js'
export type { AccessTokenClaims, AccessTokenFields } from './tokens/access-token.js'
export type { JwtClaims } from './tokens/jwt.js'

export {
  createClient,
  type CreatedClient,
  type CreatedConfidentialClient,
  type CreatedPublicClient,
  type NewClient,
} from './client-auth/create-client.js'
export { digestClientSecret } from './client-auth/secret-digest.js'
export type { ClientAuthMethod, ClientAuthRequest, PresentedCredentials } from './client-auth/client-auth-method.js'

export type { Auth, ClientAuth, UnknownAuth, UserAuth } from './bearer/auth.js'
export type { BearerOptions } from './bearer/requirement.js'
export type { AuthFor, BearerGuard, RequireBearer } from './express/require-bearer.js'
export type { ClientAddress } from './express/client-address.js'
export type { HttpHandler, HttpRequest } from './express/http.js'
export type { IsSecure } from './express/tls.js'
export type { NameRequest } from './express/request-id.js'
export type { authOf } from './express/request-auth.js'
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
export { SPENT_TOKENS_KEPT } from './stores/token-store.js'
export type {
  AccessTokenRecord,
  Authorization,
  ClientAccessTokenRecord,
  ListedAuthorization,
  NewRefreshToken,
  NewClientTokens,
  NewTokens,
  NewUserTokens,
  PruneLimits,
  RefreshTokenRecord,
  RefreshTokenRotation,
  RefreshTokenSpending,
  RevocationSelection,
  RotationOutcome,
  SignedTokenId,
  TokenStore,
  UserAccessTokenRecord,
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
export type { PostureCode, PostureFinding } from './protocol/posture-finding.js'
export type { WarningCode } from './protocol/warning-code.js'
export type { ThrottleKind } from './protocol/throttle-kind.js'

export type { EventLevel, OAuthEvent } from './events.js'
export { consoleEvents, type ConsoleEventsOptions } from './telemetry/console-events.js'
export type { RequestTrace } from './protocol/request-trace.js'

export type { Clock } from './protocol/clock.js'
export type { Secret, ServerSecret } from './protocol/server-secret.js'
export type { MaybePromise } from './protocol/maybe-promise.js'
export type { Parameters } from './protocol/parameters.js'
export type { SigningAlgorithm } from './protocol/signing-algorithm.js'
export type { EndpointName, RequestContext } from './protocol/request-context.js'
export type { Scope } from './protocol/scope.js'
export { hashToken, type TokenHash } from './protocol/token-hash.js'
