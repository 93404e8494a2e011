import { types } from 'node:util'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'

/**
 * Receives the result of a verify function: an error, a user, or something falsy for wrong credentials. `info` becomes `req.authInfo`.
 */
export type VerifyDone = (error: unknown, user?: unknown, info?: unknown) => void

/** A verify function of the application, for any credentials. */
export type AnyVerify = (...parameters: never[]) => unknown

/** The result of a verify function. A falsy user is a refusal. */
export interface Verified {
  readonly user: unknown
  readonly info: unknown
}

/**
 * Calls a verify function. One that declares `done` gives its result by calling it, and what it returns is ignored: it may be a timer, a
 * query, an empty promise. One that declares no parameters may do either, because it has rest parameters (as Nest's function), reads
 * `arguments`, or was wrapped: it calls `done`, or returns a promise and never calls it. Any other function returns its result, or a promise
 * of it.
 */
export function callVerify(verify: AnyVerify, parameters: readonly unknown[]): MaybePromise<Verified> {
  const call = (...more: unknown[]): unknown => Reflect.apply(verify, undefined, [...parameters, ...more])
  if (verify.length > parameters.length) return new Promise((...settle) => answerByDone(call, ...settle))
  if (verify.length === 0) return new Promise((...settle) => answerByEither(call, ...settle))
  return andThen(call(), (user) => ({ user: checkedUser(user), info: undefined }))
}

function answerByDone(
  call: (done: VerifyDone) => unknown,
  resolve: (answer: Verified) => void,
  reject: (error: unknown) => void,
): void {
  const returned = call((error, user, info) => {
    if (error) reject(error)
    else if (!user) resolve({ user: false, info })
    else
      void Promise.resolve(user)
        .then((value) => acceptLater({ user: checkedUser(value), info }))
        .then(undefined, reject)
  })
  // Only real promises: a query that starts when it is awaited would run twice.
  if (types.isPromise(returned)) returned.catch(reject)

  // A refusal counts at once. An acceptance counts only when the function has finished: if it then throws, rejects or calls `done` again
  // with a refusal, the request is refused.
  function acceptLater(verified: Verified): void {
    setImmediate(resolve, verified)
  }
}

/**
 * Waits for `done` or for the promise of an async function, whichever comes first. A value that is returned at once is ignored: it may be
 * the timer or query of a function that will call `done`, and would let everybody pass.
 */
function answerByEither(
  call: (done: VerifyDone) => unknown,
  resolve: (answer: Verified) => void,
  reject: (error: unknown) => void,
): void {
  let isCalled = false
  let returned: unknown
  const callNoted = (done: VerifyDone): unknown => {
    returned = call((...answer) => {
      isCalled = true
      done(...answer)
    })
    return returned
  }
  answerByDone(callNoted, resolve, reject)
  if (!types.isPromise(returned)) return
  void returned
    .then((user) => {
      // Wait a moment for a call of `done` that is under way: a refusal wins over an acceptance.
      setImmediate(() => {
        if (!isCalled) resolve({ user: user ?? false, info: undefined })
      })
      checkedUser(user)
    })
    .then(undefined, reject)
}

/** An easy mistake that would let everybody pass. */
function checkedUser(user: unknown): unknown {
  if (user instanceof Error) throw user
  return user
}
