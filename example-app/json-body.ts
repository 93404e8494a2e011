/** Whether a parsed JSON body is an object whose fields can be looked at. */
export function isRecord(body: unknown): body is Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null && !Array.isArray(body)
}

/** Whether a value counts things: a whole number from 0 to a million. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 1_000_000
}

/** Whether a value names an article: letters, digits, `_` and `-`, which every database takes. */
export function isSku(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value)
}
