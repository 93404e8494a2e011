import { types } from 'node:util'
import { andThen, type MaybePromise } from '../time/maybe-promise.js'

/**
 * Takes the answer of a verify function: an error, or a user, or something falsy for credentials that are not good. `info`
 * becomes `req.authInfo`.
 */
export type VerifyDone = (error: unknown, user?: unknown, info?: unknown) => void

/** A verify function of an application, of whatever credentials. */
export type AnyVerify = (...parameters: never[]) => unknown

/** What a verify function answered; a falsy user is a refusal. */
export interface Verified {
  readonly user: unknown
  readonly info: unknown
}

/**
 * Asks a verify function. One that declares a parameter for `done` answers by calling it, and what it returns means nothing: a
 * timer, a query, a promise of nothing. One that declares no parameter at all may do either: it has rest parameters, as the function that
 * Nest passes, reads `arguments`, or was wrapped. It calls `done`, or returns a promise and never calls it. Any other one answers by what
 * it returns, or by a promise of that.
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
  // Of promises only those of an async function: a query that starts when somebody waits for it would run twice.
  if (types.isPromise(returned)) returned.catch(reject)

  // A no counts at once; a yes only when all is done that comes with it. If verify throws then, or rejects, or takes it back by
  // calling again, it was none.
  function acceptLater(verified: Verified): void {
    setImmediate(resolve, verified)
  }
}

/**
 * By `done`, or by the promise of an async function, whichever comes first. What is returned at once means nothing: it may be a timer or
 * a query of a function that will call `done`, and would let everybody pass.
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
      // A moment later, for an answer by `done` that is under way: a no wins over a yes.
      setImmediate(() => {
        if (!isCalled) resolve({ user: user ?? false, info: undefined })
      })
      checkedUser(user)
    })
    .then(undefined, reject)
}

/** A mistake that is easily made, and would let everybody pass. */
function checkedUser(user: unknown): unknown {
  if (user instanceof Error) throw user
  return user
}
