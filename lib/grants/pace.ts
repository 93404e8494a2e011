import { wholeNumber, type OptionKind } from '../checks/option-kind.js'
import { tooManyRequests } from '../errors/refusal.js'
import type { GrantRequest } from './grant-handler.js'

const DAY_MILLISECONDS = 86_400_000

/** How often something is allowed in a day: by default 8,640 times at once, and then once each ten seconds. */
export function timesPerDay(): OptionKind<number, 'default'> {
  return wholeNumber(1, DAY_MILLISECONDS).or(8640)
}

/**
 * Takes one from an allowance that holds as much as a day gives and refills evenly (a generic cell rate). `usedUntil` is what the last
 * call returned, 0 at first: one number in milliseconds since the epoch is all that has to be kept. Throws 429 when nothing is left.
 */
export function takeOne(
  { client, context, receivedAt, server }: GrantRequest,
  kind: 'refresh' | 'sign_in',
  perDay: number,
  usedUntil: unknown,
): number {
  const used = Number.isSafeInteger(usedUntil) ? Number(usedUntil) : 0
  const until = Math.max(used, receivedAt) + Math.ceil(DAY_MILLISECONDS / perDay)
  const excess = until - receivedAt - DAY_MILLISECONDS
  if (excess <= 0) return until
  const retryAfterSeconds = Math.ceil(excess / 1000)
  server.emit(context, { type: 'throttled', kind, clientId: client.clientId, retryAfterSeconds })
  throw tooManyRequests('Too many requests', retryAfterSeconds)
}

/** How many are remembered: those who came longest ago are forgotten first, and they have most of their allowance back. */
const MOST_REMEMBERED = 10_000

/** The same for many at once, in this process alone: takes one from the allowance that a key has. */
export function paceOf(kind: 'sign_in', perDay: number): (request: GrantRequest, key: string) => void {
  const used = new Map<string, number>()
  return (request, key) => {
    const until = takeOne(request, kind, perDay, used.get(key))
    used.delete(key)
    const [oldest] = used.size < MOST_REMEMBERED ? [] : used.keys()
    if (oldest !== undefined) used.delete(oldest)
    used.set(key, until)
  }
}
