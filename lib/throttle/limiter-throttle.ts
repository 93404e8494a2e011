import { setTimeout as sleep } from 'node:timers/promises'
import { Breaker } from './breaker.js'
import { knownAddressSlots } from './known-addresses.js'
import { longestDuration, repeating, type LimiterState, type RateLimiter } from './rate-limiter.js'
import type { AllowedAttempt, AttemptOutcome, BlockedAttempt, Throttle, ThrottleKey } from './throttle.js'
import {
  delaySeconds,
  isOwn,
  KNOWN_SECONDS,
  LONGEST_ATTEMPT,
  LONGEST_COUNTING,
  LONGEST_WAIT,
  resolveLimits,
  WAITING_LIMIT,
  type ThrottleLimit,
  type ThrottleLimits,
} from './throttle-limits.js'

/** The points of a gate that is shut for a delay. With fewer, an attempt has passed the gate and is pending. */
const SHUT = 1_000_000

/** A pending attempt at one key. */
interface Place {
  readonly key: ThrottleKey
  /** Whether it had to pass the gate, and holds it until it ends. */
  readonly hasGate: boolean
}

/** Why an attempt cannot begin: there is a delay, or another attempt holds the gate and must be waited for. */
type Refusal = BlockedAttempt | { readonly waitsFor: ThrottleKey }

/** The options of {@link limiterThrottle}. */
export interface LimiterThrottleOptions {
  readonly limits: ThrottleLimits | undefined
  /** Milliseconds that the store may take for one query. */
  readonly timeoutMilliseconds: number
}

/**
 * Creates a throttle that counts in the store of a limiter.
 *
 * For each key that attempts are counted for, the store has three counters:
 * - places: pending attempts and failures together. An attempt takes a place when it begins, and gives it back unless it fails.
 * - gate: while fewer places are taken than there are free failures, attempts begin at once. All others pass the gate one at a time: an
 *   attempt that holds the gate is waited for, and if it fails, the gate is shut for a delay.
 * - failures: decide the length of that delay.
 *
 * The store increments a counter in one atomic step and returns the result, so concurrent attempts get different numbers, and exactly one
 * of them gets the gate.
 */
export function limiterThrottle(rateLimiter: RateLimiter, options: LimiterThrottleOptions): Throttle {
  const { timeoutMilliseconds } = options
  const limiter = repeating(rateLimiter)
  const limits = resolveLimits(options.limits)
  const longest = longestDuration(rateLimiter)
  const knownSeconds = Math.min(KNOWN_SECONDS, longest)
  const known = knownAddressSlots(limiter, knownSeconds)
  const breaker = new Breaker({ timeoutMilliseconds, probe: () => limiter.get('probe') })
  let waiting = 0

  async function begin(keys: readonly ThrottleKey[]): Promise<AllowedAttempt | BlockedAttempt> {
    const until = performance.now() + LONGEST_WAIT
    for (let pause = 20; ; pause = Math.min(pause * 2, 500)) {
      const begun = await breaker.ask(() => tryToBegin(keys))
      if (!('waitsFor' in begun)) return begun
      const { kind } = begun.waitsFor
      if (waiting >= WAITING_LIMIT || performance.now() + pause > until) return { kind, retryAfterSeconds: 1 }
      waiting += 1
      // Of random length, so that waiting attempts do not all retry at the same time.
      await sleep(pause * (0.5 + Math.random()))
      waiting -= 1
    }
  }

  async function tryToBegin(keys: readonly ThrottleKey[]): Promise<AllowedAttempt | Refusal> {
    // Blocked attempts are not counted: under attack, most attempts end here and write nothing.
    const shut = longestOf(await Promise.all(keys.map(readGate)))
    if (shut !== undefined) return shut
    const taken = await Promise.allSettled(keys.map(take))
    const answers = taken.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const places = answers.filter(isPlace)
    if (places.length === keys.length) return allow(places)
    await Promise.all(places.map(giveBack))
    for (const one of taken) if (one.status === 'rejected') throw one.reason
    const refused = longestOf(answers.map((one) => (isPlace(one) ? undefined : one)))
    if (refused === undefined) throw new TypeError('Throttle.begin must be given at least one key')
    return refused
  }

  async function readGate(key: ThrottleKey): Promise<Refusal | undefined> {
    const gate = await limiter.get(gateOf(key))
    return gate === null || gate.consumedPoints <= 0 ? undefined : refusal(key, gate)
  }

  async function take(key: ThrottleKey): Promise<Place | Refusal> {
    const limit = limits[key.kind]
    const places = await limiter.penalty(placesOf(key), 1, lasting(limit))
    if (places.consumedPoints < limit.freeFailures) return { key, hasGate: false }
    const gate = await limiter.penalty(gateOf(key), 1, { customDuration: LONGEST_ATTEMPT / 1000 })
    if (gate.consumedPoints <= 1) return { key, hasGate: true }
    await giveBack({ key, hasGate: false })
    return refusal(key, gate)
  }

  function refusal(key: ThrottleKey, { consumedPoints, msBeforeNext }: LimiterState): Refusal {
    if (consumedPoints < SHUT) return { waitsFor: key }
    const { longestDelaySeconds } = limits[key.kind]
    // A process with other limits may have set a longer delay.
    const retryAfterSeconds = Math.min(longestDelaySeconds, Math.max(1, Math.ceil(msBeforeNext / 1000)))
    return { kind: key.kind, retryAfterSeconds }
  }

  function allow(places: readonly Place[]): AllowedAttempt {
    let hasEnded = false
    const timer = setTimeout(() => {
      // Nothing waits for this, and if it fails, the gate expires by itself.
      end('failed').catch(() => undefined)
    }, LONGEST_ATTEMPT).unref()
    return { retryAfterSeconds: undefined, end }

    async function end(outcome: AttemptOutcome): Promise<void> {
      if (hasEnded) return
      hasEnded = true
      clearTimeout(timer)
      await breaker.ask(() => Promise.all(places.map((place) => endPlace(place, outcome))))
    }
  }

  async function endPlace(place: Place, outcome: AttemptOutcome): Promise<unknown> {
    const { key } = place
    if (outcome === 'failed') return countFailure(place)
    if (outcome === 'cancelled' || !isOwn(key.kind)) return giveBack(place)
    return Promise.all([placesOf(key), failuresOf(key), gateOf(key)].map((one) => limiter.delete(one)))
  }

  async function countFailure({ key, hasGate }: Place): Promise<unknown> {
    const limit = limits[key.kind]
    const { consumedPoints: failures } = await limiter.penalty(failuresOf(key), 1, lasting(limit))
    if (!hasGate) return undefined
    const places = (await limiter.get(placesOf(key)))?.consumedPoints ?? failures
    // The number of places is too high while waiting attempts take one for a moment; the number of failures is too low while other attempts
    // are pending. So the delay is computed from the places, but from no more than the failures or the free ones.
    const delay = delaySeconds(limit, Math.min(places, Math.max(failures, limit.freeFailures)))
    return delay === 0 ? limiter.delete(gateOf(key)) : limiter.set(gateOf(key), SHUT, delay)
  }

  async function giveBack({ key, hasGate }: Place): Promise<void> {
    const { consumedPoints } = await limiter.reward(placesOf(key), 1, lasting(limits[key.kind]))
    // The counter expired in the meantime. Below zero, it would allow one guess too many.
    if (consumedPoints < 0) await limiter.delete(placesOf(key))
    if (hasGate) await limiter.delete(gateOf(key))
  }

  function lasting({ forgetSeconds }: ThrottleLimit): { readonly customDuration: number } {
    return { customDuration: Math.min(forgetSeconds, longest) }
  }

  return {
    isShared: true,
    longestCounting: LONGEST_COUNTING,
    begin,
    isKnown: (key, owner = key) => breaker.ask(() => known.has(owner, key)),
    async remember(key, owner = key) {
      await breaker.ask(() => known.add(owner, key))
    },
    async countInARow(key) {
      // An unknown user takes as much work as a known one: all unknown users share a counter that is not used.
      const duration = { customDuration: key === undefined ? 60 : knownSeconds }
      const { consumedPoints } = await breaker.ask(() => limiter.penalty(inARowOf(key ?? 'nobody'), 1, duration))
      return key === undefined ? 0 : consumedPoints
    },
    async clearInARow(key) {
      await breaker.ask(() => limiter.delete(inARowOf(key)))
    },
  }
}

const placesOf = ({ key }: ThrottleKey): string => `places:${key}`
const failuresOf = ({ key }: ThrottleKey): string => `failures:${key}`
const gateOf = ({ key }: ThrottleKey): string => `gate:${key}`
const inARowOf = (key: string): string => `row:${key}`

function isPlace(one: Place | Refusal): one is Place {
  return 'hasGate' in one
}

/** Returns the refusal with the longest delay. One with a delay goes before one that must be waited for. */
function longestOf(refusals: readonly (Refusal | undefined)[]): Refusal | undefined {
  let longest: Refusal | undefined
  for (const refusal of refusals) {
    if (refusal === undefined) continue
    if (longest === undefined || secondsOf(refusal) > secondsOf(longest)) longest = refusal
  }
  return longest
}

function secondsOf(refusal: Refusal): number {
  return 'waitsFor' in refusal ? 0 : refusal.retryAfterSeconds
}
