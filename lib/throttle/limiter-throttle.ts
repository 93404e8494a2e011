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

/** Points of a gate that is shut for a delay; with fewer, an attempt is under way behind it. */
const SHUT = 1_000_000

/** A place at the counter of a key. */
interface Place {
  readonly key: ThrottleKey
  /** Whether the attempt has the gate for itself. */
  readonly hasGate: boolean
}

/** Why there is no place: for how long, or because of an attempt that is under way. */
type Refusal = BlockedAttempt | { readonly waitsFor: ThrottleKey }

/** How a throttle over a limiter counts. */
export interface LimiterThrottleOptions {
  readonly limits: ThrottleLimits | undefined
  /** Milliseconds that the store may take for one question. */
  readonly timeoutMilliseconds: number
}

/**
 * Makes a throttle over a limiter.
 *
 * Three keys belong to each counter. Places: each attempt takes one at once, and gives it back when it has not failed. A gate: once as
 * many places are taken as there are free failures, attempts go through it one by one, and a failure shuts it for its delay. And the
 * failures, which tell how long that is. The store counts up in one step: of attempts at once each has a number of its own.
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
      // Of different length, so that those who wait do not all come at once.
      await sleep(pause * (0.5 + Math.random()))
      waiting -= 1
    }
  }

  async function tryToBegin(keys: readonly ThrottleKey[]): Promise<AllowedAttempt | Refusal> {
    // What is blocked is not counted: most guesses end here, and write nothing.
    const shut = longestOf(await Promise.all(keys.map(lookAtGate)))
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

  async function lookAtGate(key: ThrottleKey): Promise<Refusal | undefined> {
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
    // Another process may have other limits.
    const retryAfterSeconds = Math.min(longestDelaySeconds, Math.max(1, Math.ceil(msBeforeNext / 1000)))
    return { kind: key.kind, retryAfterSeconds }
  }

  function allow(places: readonly Place[]): AllowedAttempt {
    let hasEnded = false
    const timer = setTimeout(() => {
      // Nobody waits for it; and the gate opens by itself.
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
    // Places alone would be too many, for those who wait take one for a moment; failures alone too few, while some are under way.
    const delay = delaySeconds(limit, Math.min(places, Math.max(failures, limit.freeFailures)))
    return delay === 0 ? limiter.delete(gateOf(key)) : limiter.set(gateOf(key), SHUT, delay)
  }

  async function giveBack({ key, hasGate }: Place): Promise<void> {
    const { consumedPoints } = await limiter.reward(placesOf(key), 1, lasting(limits[key.kind]))
    // They were forgotten meanwhile; less than none would be one more guess.
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
      // The same work for nobody, whose counter is one for all, and means nothing.
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

/** A delay is told rather than waited out; the longest one, when there are several. */
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
