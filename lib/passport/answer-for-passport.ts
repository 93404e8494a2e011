import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Refusal } from './decision.js'

/**
 * Runs `fail`, which hands a refusal to Passport, and answers with `refusal` if Passport ends the response there and then.
 *
 * Passport would answer in plain text, where clients of OAuth read JSON (RFC 6749 §5.2). It cannot be told so, but it ends the
 * response within `fail`, with the words of the status: that call is caught. Everything else that a route may do with a
 * refusal happens as ever: the next strategy, a callback of the route's own, `failWithError`, `failureRedirect`.
 */
export function answerForPassport(res: ServerResponse, refusal: Refusal, fail: () => void): void {
  const target: { end(...parameters: unknown[]): unknown } = res
  const own = Object.getOwnPropertyDescriptor(target, 'end')
  const end = target.end.bind(target)
  const challengesBefore = challengesOf(res)
  let failing = true
  target.end = catchEnd
  try {
    fail()
  } finally {
    restore()
  }

  function catchEnd(...parameters: unknown[]): unknown {
    if (!failing || !isPassports(res, refusal, parameters)) return end(...parameters)
    restore()
    // With 401 Passport has put its challenges in the place of those that the route had set. The refusal brings its own.
    const challenges = new Set([...challengesBefore, ...challengesOf(res)])
    if (refusal.challenge !== undefined) challenges.delete(refusal.challenge)
    if (challenges.size > 0) res.setHeader('WWW-Authenticate', [...challenges])
    else res.removeHeader('WWW-Authenticate')
    refusal.answer(res)
    return res
  }

  function restore(): void {
    failing = false
    // Where somebody has wrapped ours meanwhile, theirs stays, and ours only passes on.
    if (target.end !== catchEnd) return
    if (own === undefined) Reflect.deleteProperty(target, 'end')
    else Object.defineProperty(target, 'end', own)
  }
}

/** Whether it is Passport that ends the response: with these words only, and challenges as a list where there are any. */
function isPassports(res: ServerResponse, { challenge }: Refusal, parameters: readonly unknown[]): boolean {
  return (
    !res.headersSent &&
    parameters.length === 1 &&
    parameters[0] === STATUS_CODES[res.statusCode] &&
    (res.statusCode !== 401 || challenge === undefined || Array.isArray(res.getHeader('WWW-Authenticate')))
  )
}

function challengesOf(res: ServerResponse): string[] {
  return [res.getHeader('WWW-Authenticate') ?? []].flat().map(String)
}
