export {
  BearerStrategy,
  type BearerStrategyOptions,
  type BearerVerify,
  type BearerVerifyWithRequest,
} from './bearer-strategy.js'
export { ClientBasicStrategy } from './client-basic-strategy.js'
export { ClientPasswordStrategy } from './client-password-strategy.js'
export type { ClientStrategy, ClientVerify, ClientVerifyWithRequest } from './client-strategy.js'
export type { AuthenticatedClient, ServerStrategies } from './server-strategies.js'
export type { StrategyOptions, WithRequest } from './strategy-options.js'
export type { VerifyDone } from './verify-function.js'
