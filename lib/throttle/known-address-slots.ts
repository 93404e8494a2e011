import { hash } from '../crypto/hash.js'
import type { RateLimiter } from './rate-limiter.js'
import { KNOWN_ADDRESSES } from './throttle-limits.js'

/** Known addresses in the store of a limiter. */
export interface KnownAddressSlots {
  has(owner: string, key: string): Promise<boolean>
  add(owner: string, key: string): Promise<void>
}

/**
 * Keeps the known addresses of each owner in a limited number of slots, for a limiter keeps nothing but a number under a key: which of
 * them it is, in 30 bits. An address has two slots to choose from, and takes the one that was used less recently: no more than two keys are
 * read, and nothing is written that belongs to another owner.
 */
export function knownAddressSlots(limiter: RateLimiter, seconds: number): KnownAddressSlots {
  function read(slots: readonly string[]): Promise<readonly Slot[]> {
    return Promise.all(
      slots.map(async (slot) => {
        const state = await limiter.get(slot)
        return { slot, mark: state?.consumedPoints, left: state?.msBeforeNext ?? -1 }
      }),
    )
  }

  return {
    async has(owner, key) {
      const { slots, mark } = placesOf(owner, key)
      return (await read(slots)).some((one) => one.mark === mark)
    },
    async add(owner, key) {
      const { slots, mark } = placesOf(owner, key)
      const found = await read(slots)
      const [oldest] = [...found].sort((one, another) => one.left - another.left)
      const chosen = found.find((one) => one.mark === mark) ?? oldest
      if (chosen !== undefined) await limiter.set(chosen.slot, mark, seconds)
    },
  }
}

interface Slot {
  readonly slot: string
  readonly mark: number | undefined
  /** Milliseconds: the fewer are left, the older it is. An empty one is the oldest. */
  readonly left: number
}

/** Where the address may be, and its mark: never 0, which an empty slot may have. */
function placesOf(owner: string, key: string): { readonly slots: readonly string[]; readonly mark: number } {
  const bytes = hash('sha256', key, 'buffer')
  const first = bytes.readUInt16BE(4) % KNOWN_ADDRESSES
  const step = 1 + (bytes.readUInt16BE(6) % (KNOWN_ADDRESSES - 1))
  return {
    slots: [first, (first + step) % KNOWN_ADDRESSES].map((slot) => `known:${owner}:${String(slot)}`),
    mark: 1 + (bytes.readUInt32BE(0) % (2 ** 30 - 1)),
  }
}
