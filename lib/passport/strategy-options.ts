import { describeOptions, type OptionsDescription, type WithDefaults } from '../checks/describe-options.js'
import { checkedLater, flag, func, realm, requestTimeout } from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { createEmit } from '../telemetry/emit.js'
import type { Emit, OAuthEvent } from '../telemetry/events.js'
import type { RequestSettings, NameRequest } from '../http/http-request-context.js'
import { systemClock } from '../time/clock.js'
import type { AnyVerify } from './verify-function.js'

/** What every strategy can be told. */
export interface StrategyOptions {
  /** The `realm` of challenges: printable ASCII without `"` and `\`. Default `Users`. */
  readonly realm?: string
  /** Whether the verify function gets the request before everything else; see {@link WithRequest}. Default false. */
  readonly passReqToCallback?: false
  /** Is told what happens. Default: the console; see `consoleEvents`. */
  readonly onEvent?: (event: OAuthEvent) => unknown
  /**
   * Names a request, in events and in the header `Request-Id` of a refusal: 1 to 128 characters of `[\w.:~+/=-]`. Default, and where it
   * answers anything else: a random name.
   */
  readonly requestId?: NameRequest
  /** Seconds that the verify function may take, 1 to 600; then the answer is 503. Default 30. */
  readonly requestTimeoutSeconds?: number
}

/** The same options, for a verify function that gets the request before everything else. */
export type WithRequest<Options extends StrategyOptions> = Omit<Options, 'passReqToCallback'> & {
  readonly passReqToCallback: true
}

/** Options and a verify function of any strategy, or a verify function alone. */
export type StrategyParameters = readonly [AnyStrategyOptions | AnyVerify, AnyVerify?]

type AnyStrategyOptions = Omit<StrategyOptions, 'passReqToCallback'> & {
  readonly passReqToCallback?: boolean
  readonly scope?: string | readonly string[]
}

/** The parameters of a strategy's constructor, checked and prepared. */
export interface StrategySettings extends RequestSettings {
  readonly options: AnyStrategyOptions
  readonly verify: AnyVerify
  readonly realm: string
  readonly emit: Emit
  /** What the verify function is called with, before `done`. */
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

/** What the strategies for clients take. */
export const clientStrategyOptions: StrategyDescription = describeOptions<Omit<AnyStrategyOptions, 'scope'>>()(
  'ClientStrategy',
  kinds,
)

/** What the strategy for bearer tokens takes; its scope is checked with that of a route. */
export const bearerStrategyOptions: StrategyDescription = describeOptions<AnyStrategyOptions>()('BearerStrategy', {
  ...kinds,
  scope: checkedLater<string | readonly string[]>('scope tokens, in a list or in a string'),
})

/**
 * Reads the parameters of a strategy's constructor: a verify function, or options and a verify function. Throws
 * `ConfigurationError`. `credentials`: how many the verify function gets.
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
  // Whether a function answers by `done` or by what it returns is seen by its parameters: a guess could let everybody pass. One that
  // declares none may do either.
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
