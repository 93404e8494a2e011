export {
  BearerStrategy,
  type BearerStrategyOptions,
  type BearerVerify,
  type BearerVerifyWithRequest,
} from './bearer-strategy.js'
export {
  ClientBasicStrategy,
  ClientPasswordStrategy,
  type ClientStrategy,
  type ClientVerify,
  type ClientVerifyWithRequest,
} from './client-strategy.js'
export type { AuthenticatedClient, ServerStrategies } from './server-strategies.js'
export type { StrategyOptions, WithRequest } from './strategy-options.js'
export type { VerifyDone } from './verify-function.js'
