import { KNOWN_ADDRESSES } from './throttle-limits.js'
import { hash } from '../crypto/hash.js'
import type { RateLimiter } from './rate-limiter.js'

/** How many of the least recently used owners are compared when an address must be evicted. */
const CANDIDATES = 8

/** The addresses where users and clients succeeded before, in memory: limited for each owner, and in total. */
export class KnownAddresses {
  readonly #maxEntries: number
  /** Owner → address → time until which it is known. Owners and addresses are in the order of use, the least recently used first. */
  readonly #owners = new Map<string, Map<string, number>>()
  #size = 0

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#size
  }

  has(owner: string, key: string, now: number): boolean {
    const until = this.#owners.get(owner)?.get(key)
    return until !== undefined && now < until
  }

  add(owner: string, key: string, until: number): void {
    const addresses = this.#owners.get(owner) ?? new Map<string, number>()
    this.#owners.delete(owner)
    this.#owners.set(owner, addresses)
    this.#size += addresses.delete(key) ? 0 : 1
    addresses.set(key, until)
    if (addresses.size > KNOWN_ADDRESSES) this.#dropOldest(owner, addresses)
    if (this.#size > this.#maxEntries) this.#dropOne()
  }

  /** Evicts an address of the owner who has most: an attacker needs many accounts to evict the addresses of others. */
  #dropOne(): void {
    let largest: readonly [owner: string, addresses: Map<string, number>] | undefined
    let compared = 0
    for (const entry of this.#owners) {
      if (entry[1].size > (largest?.[1].size ?? 0)) largest = entry
      if (++compared === CANDIDATES) break
    }
    if (largest !== undefined) this.#dropOldest(...largest)
  }

  #dropOldest(owner: string, addresses: Map<string, number>): void {
    const [oldest] = addresses.keys()
    if (oldest !== undefined && addresses.delete(oldest)) this.#size -= 1
    if (addresses.size === 0) this.#owners.delete(owner)
  }
}

/** Known addresses in the store of a limiter. */
export interface KnownAddressSlots {
  has(owner: string, key: string): Promise<boolean>
  add(owner: string, key: string): Promise<void>
}

/**
 * Keeps the known addresses in the store of a limiter, which can hold only a number under a key. Each owner has a limited number of slots,
 * and a slot holds 30 bits of the digest of an address. An address has two possible slots and takes the one used less recently, so a look-up
 * reads two keys. No address can evict one of another owner.
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
  /** Milliseconds until it expires: the fewer, the older. An empty slot counts as the oldest. */
  readonly left: number
}

/** Returns the two slots of an address and its mark, which is never 0: an empty slot may read as 0. */
function placesOf(owner: string, key: string): { readonly slots: readonly string[]; readonly mark: number } {
  const bytes = hash('sha256', key, 'buffer')
  const first = bytes.readUInt16BE(4) % KNOWN_ADDRESSES
  const step = 1 + (bytes.readUInt16BE(6) % (KNOWN_ADDRESSES - 1))
  return {
    slots: [first, (first + step) % KNOWN_ADDRESSES].map((slot) => `known:${owner}:${String(slot)}`),
    mark: 1 + (bytes.readUInt32BE(0) % (2 ** 30 - 1)),
  }
}
