/**
 * The error for a value of the wrong type that code of the application returned, such as a store: whose method, which member and of what type,
 * never the value itself.
 */
export function wrongAnswer(method: string, member: string, value: unknown, expected = 'a string'): TypeError {
  return new TypeError(`${method} returned ${member} that is ${kindOf(value)}; it must be ${expected}`)
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (value === '') return 'empty'
  if (value instanceof Uint8Array) return 'bytes'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
