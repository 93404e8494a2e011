import { describeOptions, type OptionsDescription, type WithDefaults } from '../checks/describe-options.js'
import { checkedLater, flag, func, realm, requestTimeout } from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { createEmit } from '../telemetry/emit.js'
import type { Emit, OAuthEvent } from '../telemetry/events.js'
import type { RequestSettings, NameRequest } from '../http/http-request-context.js'
import { systemClock } from '../time/clock.js'
import type { AnyVerify } from './verify-function.js'

/** Options of every strategy. */
export interface StrategyOptions {
  /** The `realm` of challenges: printable ASCII without `"` and `\`. Default `Users`. */
  readonly realm?: string
  /** Whether the verify function gets the request as first parameter; see {@link WithRequest}. Default false. */
  readonly passReqToCallback?: false
  /** Receives the events. Default: the console; see `consoleEvents`. */
  readonly onEvent?: (event: OAuthEvent) => unknown
  /**
   * Returns the id of a request for events and for the header `Request-Id` of a refusal: 1 to 128 characters of `[\w.:~+/=-]`. Default, and
   * if it returns anything else: a random id.
   */
  readonly requestId?: NameRequest
  /** Seconds that the verify function may take, 1 to 600; after that the response is 503. Default 30. */
  readonly requestTimeoutSeconds?: number
}

/** The same options for a verify function that gets the request as first parameter. */
export type WithRequest<Options extends StrategyOptions> = Omit<Options, 'passReqToCallback'> & {
  readonly passReqToCallback: true
}

/** The parameters of a strategy's constructor: options and a verify function, or a verify function alone. */
export type StrategyParameters = readonly [AnyStrategyOptions | AnyVerify, AnyVerify?]

type AnyStrategyOptions = Omit<StrategyOptions, 'passReqToCallback'> & {
  readonly passReqToCallback?: boolean
  readonly scope?: string | readonly string[]
}

/** The parameters of a strategy's constructor, checked, with defaults. */
export interface StrategySettings extends RequestSettings {
  readonly options: AnyStrategyOptions
  readonly verify: AnyVerify
  readonly realm: string
  readonly emit: Emit
  /** Returns the parameters of the verify function, before `done`. */
  readonly parametersOf: (req: unknown, credentials: readonly string[]) => readonly unknown[]
}

const kinds = {
  realm: realm().or('Users'),
  passReqToCallback: flag().or(false),
  onEvent: func<(event: OAuthEvent) => unknown>(),
  requestId: func<NameRequest>(),
  requestTimeoutSeconds: requestTimeout(),
}

type StrategyDescription = OptionsDescription<
  AnyStrategyOptions,
  WithDefaults<AnyStrategyOptions, 'realm' | 'requestTimeoutSeconds'>
>

/** The options of the strategies for clients. */
export const clientStrategyOptions: StrategyDescription = describeOptions<Omit<AnyStrategyOptions, 'scope'>>()(
  'ClientStrategy',
  kinds,
)

/** The options of the strategy for bearer tokens. Its scope is checked with that of a route. */
export const bearerStrategyOptions: StrategyDescription = describeOptions<AnyStrategyOptions>()('BearerStrategy', {
  ...kinds,
  scope: checkedLater<string | readonly string[]>('scope tokens, in a list or in a string'),
})

/**
 * Reads the parameters of a strategy's constructor. `credentials` is the number of credentials that the verify function gets. Throws
 * `ConfigurationError`.
 */
export function strategySettings(
  strategy: string,
  [first, second]: StrategyParameters,
  description: StrategyDescription,
  credentials: number,
): StrategySettings {
  const options = description.read(typeof first === 'function' ? {} : first, strategy)
  const verify = typeof first === 'function' ? first : second
  const { realm, passReqToCallback, onEvent, requestId, requestTimeoutSeconds } = options
  const expected = credentials + (passReqToCallback ? 1 : 0)
  // The declared parameters show whether a function calls `done` or returns its result. Guessing wrong could let everybody pass. A function
  // that declares none may do either.
  if (typeof verify !== 'function' || (verify.length > 0 && verify.length < expected)) {
    throw new ConfigurationError(
      `${strategy}.verify`,
      'is not a function with a parameter for each credential',
      'Declare them all, with done behind them if the function calls it',
    )
  }
  return {
    clock: systemClock,
    options,
    verify,
    realm,
    emit: createEmit(onEvent, systemClock),
    requestId,
    requestTimeoutSeconds,
    parametersOf: (req, values) => (passReqToCallback ? [req, ...values] : values),
  }
}
