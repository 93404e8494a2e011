/**
 * Makes the bare half of a comparison prepare its inputs by asking the store what it would send: `calls` are those of a store on a
 * driver that notes what it is sent instead of sending it, and `taken` answers what it noted. So both halves send the same, and the
 * bare one finds its values ready-made.
 */
export function recordWith(calls, taken) {
  return async (operation, inputs) => {
    const recorded = []
    for (const input of inputs) {
      try {
        await calls[operation](input)
      } catch {
        // Nothing has answered as a database would; by then all has been noted.
      }
      recorded.push(taken())
    }
    return recorded
  }
}

/** Nothing to prepare. */
export function asTheyAre(_operation, inputs) {
  return inputs
}
