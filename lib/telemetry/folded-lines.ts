/** How many different lines of one type are written in one window. Further ones are counted. */
const MOST_LINES = 100

/** Events that were not written: equal to one that was, or too many of a type. */
export interface Fold<Event> {
  /** The number of these events. */
  readonly count: number
  /** The last one of them. */
  readonly last: Event
  /** Seconds since the first line of the window. */
  readonly seconds: number
  /** Whether they are equal to an event that was written; otherwise there were too many different ones. */
  readonly areEqual: boolean
}

interface Counted<Event> {
  count: number
  last: Event
  readonly areEqual: boolean
}

/**
 * Writes each line once in a window of time, and counts its repetitions: an attacker who causes an event a thousand times a second does
 * not fill the log. The counts are written when the window or the process ends.
 */
export class FoldedLines<Event extends { readonly type: string }> {
  readonly #seconds: number
  readonly #writeFold: (fold: Fold<Event>) => void
  readonly #counted = new Map<string, Counted<Event>>()
  readonly #linesOfType = new Map<string, number>()
  #startedAt = 0

  constructor(seconds: number, writeFold: (fold: Fold<Event>) => void) {
    this.#seconds = seconds
    this.#writeFold = writeFold
  }

  /** Returns whether to write the line of an event; otherwise counts it. Equal lines have the same `key`. */
  isNew(key: string, event: Event): boolean {
    if (this.#seconds === 0) return true
    if (this.#counted.size === 0) this.#start()
    const known = this.#counted.get(key)
    if (known !== undefined) return this.#count(known, event)
    const lines = this.#linesOfType.get(event.type) ?? 0
    if (lines >= MOST_LINES) {
      const others = this.#counted.get(event.type) ?? { count: 0, last: event, areEqual: false }
      this.#counted.set(event.type, others)
      return this.#count(others, event)
    }
    this.#linesOfType.set(event.type, lines + 1)
    this.#counted.set(key, { count: 0, last: event, areEqual: true })
    return true
  }

  #start(): void {
    this.#startedAt = performance.now()
    const timer = setTimeout(() => {
      this.#end()
    }, this.#seconds * 1000)
    timer.unref()
  }

  #count(counted: Counted<Event>, event: Event): false {
    counted.count++
    counted.last = event
    endAtExit(this.#endAtExit)
    return false
  }

  readonly #endAtExit = (): void => {
    this.#end()
  }

  #end(): void {
    const seconds = Math.max(1, Math.round((performance.now() - this.#startedAt) / 1000))
    const folds = [...this.#counted.values()].filter(({ count }) => count > 0)
    this.#counted.clear()
    this.#linesOfType.clear()
    unwritten.delete(this.#endAtExit)
    for (const { count, last, areEqual } of folds) this.#writeFold({ count, last, seconds, areEqual })
  }
}

/** Writes the counts of each open window. All windows share one listener of the process. */
const unwritten = new Set<() => void>()
let isListening = false

function endAtExit(end: () => void): void {
  unwritten.add(end)
  if (isListening) return
  isListening = true
  process.once('exit', () => {
    for (const each of unwritten) each()
  })
}
