import { wholeNumber, type OptionKind } from '../checks/option-kind.js'
import { tooManyRequests } from '../errors/refusal.js'
import type { GrantRequest } from './grant-handler.js'

const DAY_MILLISECONDS = 86_400_000

/** Describes an option that says how often something is allowed in a day: by default 8,640 times at once, then once in ten seconds. */
export function timesPerDay(): OptionKind<number, 'default'> {
  return wholeNumber(1, DAY_MILLISECONDS).or(8640)
}

/**
 * Takes one from an allowance that holds a day's worth and refills evenly (the generic cell rate algorithm). `usedUntil` is what the last call
 * returned, 0 at first: one number, in milliseconds since the epoch, is the whole state. Throws 429 if nothing is left.
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

/** The number of remembered keys. The least recent one is evicted first; most of its allowance has refilled. */
const MOST_REMEMBERED = 10_000

/** The same for many keys, in this process only. */
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
