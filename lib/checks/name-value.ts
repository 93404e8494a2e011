import { describeValue } from './kind-of-value.js'

/** Names a value in a message, such as `'3600', a string`. Not for what may be a secret: see {@link describeValue}. */
export function nameValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string' || value === '' || value.length > 60) return describeValue(value)
  // Escaped, so that a message is one line.
  return `'${JSON.stringify(value).slice(1, -1)}', a string`
}
