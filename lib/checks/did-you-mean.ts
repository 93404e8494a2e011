/** Returns the known name that is nearest to a misspelt one; `undefined` if none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase()
  const allowed = Math.max(1, Math.floor(given.length / 4))
  let nearest: { readonly name: string; readonly steps: number } | undefined
  for (const candidate of known) {
    const other = candidate.toLowerCase()
    // `accessTokenLifetime` for `accessTokenLifetimeSeconds`.
    const isPart = given.length > 3 && (other.startsWith(given) || given.startsWith(other))
    const steps = isPart ? 1 : editSteps(given, other)
    if (steps <= allowed && (nearest === undefined || steps < nearest.steps)) nearest = { name: candidate, steps }
  }
  return nearest?.name
}

/** Returns how many letters must be inserted, removed, replaced or swapped with their neighbour. */
function editSteps(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= to.length; j += 1) {
      const isSame = from[i - 1] === to[j - 1]
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (isSame ? 0 : 1),
        isSwapped ? at(beforeLast, j - 2) + 1 : Infinity,
      )
    }
    beforeLast = last
    last = row
  }
  return at(last, to.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
