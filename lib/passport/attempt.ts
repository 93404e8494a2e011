import type { ServerResponse } from 'node:http'
import { publicError } from '../errors/refusal.js'
import { emitError } from '../telemetry/emit.js'
import type { Emit } from '../telemetry/events.js'
import type { HttpRequest } from '../http/http.js'
import type { HttpRequestContext } from '../http/http-request-context.js'
import { writeError } from '../http/write-answer.js'
import { isPromiseLike, type MaybePromise } from '../time/maybe-promise.js'
import { beginTrace } from '../telemetry/request-trace.js'
import { answerForPassport } from './answer-for-passport.js'
import { moreTelling, type Decision, type Refusal } from './decision.js'

/** The actions that Passport adds to a strategy for each request. A strategy calls exactly one of them. */
export interface PassportActions {
  success(user: unknown, info?: unknown): void
  fail(challenge: string | undefined, status: number): void
  pass(): void
  error(error: unknown): void
}

/** A request as Passport gives it to a strategy. */
export interface AttemptedRequest {
  /** In Express it has its response. */
  readonly req: HttpRequest & { readonly res?: ServerResponse }
  /** The options of `passport.authenticate()`: one object for a route and all its strategies. */
  readonly options: object | undefined
  readonly context: HttpRequestContext
}

/** The refusal that is being reported to Passport right now. Passport calls the next strategy of the route inside that call. */
let refusing: (Omit<AttemptedRequest, 'context'> & { readonly refusal: Refusal }) | undefined

/** Lets a strategy decide about a request and reports the decision to Passport. Any error is answered with 500 or 503. */
export function attempt(
  strategy: PassportActions,
  request: AttemptedRequest,
  emit: Emit,
  decide: (request: AttemptedRequest) => MaybePromise<Decision>,
): void {
  const { req, options, context } = request
  const trace = beginTrace(context)
  // Bind them at once. A strategy object that was passed to `passport.authenticate()` serves all requests, and has the actions of another
  // request by the time this one is decided.
  const success = strategy.success.bind(strategy)
  const fail = strategy.fail.bind(strategy)
  const pass = strategy.pass.bind(strategy)
  const error = strategy.error.bind(strategy)
  const earlier = refusing?.req === req && refusing.options === options ? refusing.refusal : undefined

  let decision: MaybePromise<Decision>
  try {
    decision = decide(request)
  } catch (thrown) {
    breakOff(thrown)
    return
  }
  if (isPromiseLike(decision)) void decision.then(conclude).then(undefined, breakOff)
  else conclude(decision)

  function conclude(decision: Decision): void {
    trace?.end(outcomeOf(decision))
    if (decision.decided === 'accept') {
      const { user, info } = decision
      withoutSession(options, () => success(user, info))
    } else if (decision.decided === 'pass') {
      pass()
    } else {
      refuse(decision)
    }
  }

  function refuse(refusal: Refusal): void {
    const { error, challenge } = refusal
    const status = error?.status ?? 401
    if (status >= 500) {
      breakOff(error)
      return
    }
    const answered = moreTelling(earlier, refusal)
    const { res } = req
    // The response was sent meanwhile, perhaps by a time-out of the application. Passport would throw.
    if (res?.headersSent === true) {
      answered.answer(res)
      return
    }
    const outer = refusing
    refusing = { req, options, refusal: answered }
    try {
      if (res === undefined) fail(challenge, status)
      else answerForPassport(res, answered, () => fail(challenge, status))
    } finally {
      refusing = outer
    }
  }

  // Do not use Passport's `fail`: in a chain such as ['bearer', 'anonymous'] everybody would be anonymous while a store is unreachable.
  // And not its `error`: the application would respond to that, in HTML or its own words.
  function breakOff(thrown: unknown): void {
    const failure = publicError(thrown)
    trace?.end(failure.code)
    emitError(emit, context, failure)
    if (req.res === undefined) error(failure)
    else writeError(req.res, failure, undefined, context.requestId)
  }
}

function outcomeOf(decision: Decision): string {
  if (decision.decided === 'accept') return 'ok'
  return (decision.decided === 'refuse' ? decision.error?.code : undefined) ?? 'anonymous'
}

/**
 * Turns the session off by default. Passport signs a user in for the whole session, and fails without sessions, but a token is sent with
 * every request.
 */
function withoutSession(options: { session?: unknown } | undefined, succeed: () => void): void {
  if (options === undefined || options.session !== undefined) {
    succeed()
    return
  }
  // Restore it at once: the strategies of a route share the object, and another one may use sessions.
  Reflect.set(options, 'session', false)
  try {
    succeed()
  } finally {
    Reflect.deleteProperty(options, 'session')
  }
}
