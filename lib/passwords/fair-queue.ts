/** An entry of a queue. */
export interface Waiting {
  /** Who asked for it. Entries of one party share one line. */
  readonly party: string
}

/**
 * A bounded queue that serves its parties in turn, each in the order of its own entries. When it is full, the party with the most entries
 * makes room for one with few.
 */
export class FairQueue<Entry extends Waiting> {
  readonly #limit: number
  /** The line of each waiting party; the party whose turn is next comes first. */
  readonly #lines = new Map<string, Entry[]>()
  #length = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get length(): number {
    return this.#length
  }

  /**
   * Adds an entry and returns the one that finds no place: none while there is room; the newest entry of the longest line, if that line is
   * then still as long as the newcomer's; otherwise the newcomer. So parties with one entry each never displace each other.
   */
  push(entry: Entry): Entry | undefined {
    if (this.#length < this.#limit) {
      this.#add(entry)
      return undefined
    }
    let longest: Entry[] = []
    for (const line of this.#lines.values()) if (line.length > longest.length) longest = line
    const own = this.#lines.get(entry.party)?.length ?? 0
    if (longest.length < own + 2) return entry
    const displaced = longest.pop()
    this.#length -= 1
    this.#add(entry)
    return displaced
  }

  /** Removes and returns the oldest entry of the party whose turn it is. */
  shift(): Entry | undefined {
    for (const [party, line] of this.#lines) {
      this.#lines.delete(party)
      const entry = line.shift()
      if (entry === undefined) continue
      // The party goes to the end of the turns.
      if (line.length > 0) this.#lines.set(party, line)
      this.#length -= 1
      return entry
    }
    return undefined
  }

  /** Removes and returns all entries. */
  clear(): readonly Entry[] {
    const all = [...this.#lines.values()].flat()
    this.#lines.clear()
    this.#length = 0
    return all
  }

  #add(entry: Entry): void {
    const line = this.#lines.get(entry.party)
    if (line === undefined) this.#lines.set(entry.party, [entry])
    else line.push(entry)
    this.#length += 1
  }
}
