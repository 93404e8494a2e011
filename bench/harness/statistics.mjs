/** The median, and between what the middle half lies. */
export function spread(values) {
  const sorted = values.toSorted((a, b) => a - b)
  return { median: quantile(sorted, 0.5), from: quantile(sorted, 0.25), to: quantile(sorted, 0.75) }
}

export function quantile(sorted, at) {
  const position = (sorted.length - 1) * at
  const [low, high] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]]
  return low + (high - low) * (position % 1)
}
