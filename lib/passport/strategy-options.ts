import { checkFunction, checkOptions, checkWholeNumber } from '../errors/check-options.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import { createEmit } from '../emit.js'
import type { Emit, OAuthEvent } from '../events.js'
import type { RequestSettings } from '../express/http-request-context.js'
import { REQUEST_TIMEOUT_SECONDS } from '../express/request-deadline.js'
import type { NameRequest } from '../express/request-id.js'
import { systemClock } from '../protocol/clock.js'
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

/**
 * Reads the parameters of a strategy's constructor: a verify function, or options and a verify function. Throws
 * `ConfigurationError`. `credentials`: how many the verify function gets.
 */
export function strategySettings(
  strategy: string,
  [first, second]: StrategyParameters,
  known: readonly string[],
  credentials: number,
): StrategySettings {
  const options = typeof first === 'function' ? {} : first
  const verify = typeof first === 'function' ? first : second
  checkOptions(strategy, options, [
    'realm',
    'passReqToCallback',
    'onEvent',
    'requestId',
    'requestTimeoutSeconds',
    ...known,
  ])
  const { realm = 'Users', passReqToCallback, onEvent }: AnyStrategyOptions = options
  if (typeof realm !== 'string' || !/^[\x20\x21\x23-\x5B\x5D-\x7E]+$/.test(realm)) {
    throw new ConfigurationError(
      `${strategy}.realm`,
      'must be printable ASCII without quotes and backslashes',
      'Leave it out for Users',
    )
  }
  checkFunction(`${strategy}.onEvent`, onEvent)
  checkFunction(`${strategy}.requestId`, options.requestId)
  checkWholeNumber(`${strategy}.requestTimeoutSeconds`, options.requestTimeoutSeconds, 1, 600)
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
    requestId: options.requestId,
    requestTimeoutSeconds: options.requestTimeoutSeconds ?? REQUEST_TIMEOUT_SECONDS,
    parametersOf: (req, values) => (passReqToCallback ? [req, ...values] : values),
  }
}
