import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Refusal } from './decision.js'

/**
 * Runs `fail`, which reports a refusal to Passport, and writes `refusal` if Passport ends the response inside that call.
 *
 * Passport would respond in plain text, but OAuth clients expect JSON (RFC 6749 §5.2). There is no option for that. But Passport ends the
 * response inside `fail` with the words of the status, so we intercept that call. Anything else that a route does with a refusal works as
 * before: the next strategy, a callback, `failWithError`, `failureRedirect`.
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
    // For 401 Passport has replaced the challenges that the route had set. The refusal has its own.
    const challenges = new Set([...challengesBefore, ...challengesOf(res)])
    if (refusal.challenge !== undefined) challenges.delete(refusal.challenge)
    if (challenges.size > 0) res.setHeader('WWW-Authenticate', [...challenges])
    else res.removeHeader('WWW-Authenticate')
    refusal.answer(res)
    return res
  }

  function restore(): void {
    failing = false
    // If somebody has wrapped our function meanwhile, their wrapper stays and ours only passes the call on.
    if (target.end !== catchEnd) return
    if (own === undefined) Reflect.deleteProperty(target, 'end')
    else Object.defineProperty(target, 'end', own)
  }
}

/** Returns whether Passport ends the response: with exactly these words, and its challenges as a list. */
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
