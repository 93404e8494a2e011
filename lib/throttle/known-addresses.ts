import { KNOWN_ADDRESSES } from './throttle-limits.js'

/** How many of the owners that were used least recently are looked at when an address has to go. */
const CANDIDATES = 8

/** The addresses where users and clients succeeded before: a limited number of each, and in all. */
export class KnownAddresses {
  readonly #maxEntries: number
  /** By owner; those that were used least recently come first, and likewise the addresses of each: until when they are known. */
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

  /** Owners with many addresses lose one before those with few: it takes many accounts to push out what others have. */
  #dropOne(): void {
    let largest: readonly [owner: string, addresses: Map<string, number>] | undefined
    let looked = 0
    for (const entry of this.#owners) {
      if (entry[1].size > (largest?.[1].size ?? 0)) largest = entry
      if (++looked === CANDIDATES) break
    }
    if (largest !== undefined) this.#dropOldest(...largest)
  }

  #dropOldest(owner: string, addresses: Map<string, number>): void {
    const [oldest] = addresses.keys()
    if (oldest !== undefined && addresses.delete(oldest)) this.#size -= 1
    if (addresses.size === 0) this.#owners.delete(owner)
  }
}
