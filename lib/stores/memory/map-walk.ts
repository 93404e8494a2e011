/**
 * Visits the values of a Map in rounds, a few at a time, while others are added and deleted.
 *
 * One iterator is kept for a whole round: a new one for each visit would first walk over the slots of everything deleted
 * since the Map last grew.
 */
export class MapWalk<Value> {
  readonly #map: ReadonlyMap<unknown, Value>
  #values: Iterator<Value, unknown>

  constructor(map: ReadonlyMap<unknown, Value>) {
    this.#map = map
    this.#values = map.values()
  }

  /** Begins a new round. An idle iterator keeps deleted entries of the Map in memory, even if the Map is empty. */
  restart(): void {
    this.#values = this.#map.values()
  }

  /** Visits a number of values; fewer at the end of a round. */
  visit(count: number, visitor: (value: Value) => void): void {
    for (let visited = 0; visited < count; visited++) {
      const next = this.#values.next()
      if (next.done === true) {
        this.restart()
        return
      }
      visitor(next.value)
    }
  }
}
