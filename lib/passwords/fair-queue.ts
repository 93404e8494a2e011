/** Something that waits, for a party. */
export interface Waiting {
  /** Who asked for it: those of one party share one line. */
  readonly party: string
}

/**
 * A queue that serves its parties in turn, each in the order of its own entries. It has a limit, and a party that waits for much makes
 * room for one that waits for little.
 */
export class FairQueue<Entry extends Waiting> {
  readonly #limit: number
  /** The line of each party that waits; the party whose turn is next comes first. */
  readonly #lines = new Map<string, Entry[]>()
  #length = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get length(): number {
    return this.#length
  }

  /**
   * Adds an entry, and returns the one that finds no place: none while there is room, the newest entry of the longest line where that
   * still is as long as the newcomer's afterwards, else the newcomer. So many parties that wait for one entry each displace nobody.
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

  /** Takes the oldest entry of the party whose turn it is. */
  shift(): Entry | undefined {
    for (const [party, line] of this.#lines) {
      this.#lines.delete(party)
      const entry = line.shift()
      if (entry === undefined) continue
      // To the end of the turns.
      if (line.length > 0) this.#lines.set(party, line)
      this.#length -= 1
      return entry
    }
    return undefined
  }

  /** Takes all entries. */
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
