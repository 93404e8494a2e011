/** The size of the first buffer, in bytes. Most forms fit into it. */
const FIRST_CAPACITY = 1024

/**
 * Collects a body of limited size in one buffer that grows. Each part is copied, so a body of one-byte parts takes no more memory than one
 * that arrives at once; a list of its parts would take two hundred times its size.
 */
export class CollectedBytes {
  readonly #maxBytes: number
  #buffer: Buffer | undefined
  #length = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Adds a part. Returns false, and drops everything, if there are too many bytes. */
  add(part: Uint8Array): boolean {
    const length = this.#length + part.length
    if (length > this.#maxBytes) {
      this.#buffer = undefined
      return false
    }
    this.#withCapacity(length).set(part, this.#length)
    this.#length = length
    return true
  }

  /** Returns all bytes that were added. */
  bytes(): Buffer {
    return this.#buffer?.subarray(0, this.#length) ?? Buffer.alloc(0)
  }

  #withCapacity(needed: number): Buffer {
    const buffer = this.#buffer
    if (buffer !== undefined && buffer.length >= needed) return buffer
    const capacity = Math.max(needed, Math.min(this.#maxBytes, Math.max(FIRST_CAPACITY, 2 * (buffer?.length ?? 0))))
    // Not from Node's pool: a slow body would keep all of a slab alive.
    const larger = Buffer.allocUnsafeSlow(capacity)
    if (buffer !== undefined) larger.set(buffer.subarray(0, this.#length))
    this.#buffer = larger
    return larger
  }
}
