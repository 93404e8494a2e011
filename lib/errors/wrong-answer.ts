/**
 * Creates the error for a value of the wrong type that code of the application returned, such as a store. It names the method, the member
 * and the type, never the value itself.
 *
 * @param remedy The line to write, if there is one.
 */
export function wrongAnswer(
  method: string,
  member: string,
  value: unknown,
  expected = 'a string',
  remedy?: string,
): TypeError {
  const problem = `${method} returned ${member} that is ${kindOf(value)}; it must be ${expected}`
  return new TypeError(remedy === undefined ? problem : `${problem}. ${remedy}`)
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (value === '') return 'empty'
  if (value instanceof Uint8Array) return 'bytes'
  if (Array.isArray(value)) return 'a list'
  if (typeof value !== 'object') return `a ${typeof value}`
  const { constructor } = value as { readonly constructor?: unknown }
  const isNamed = typeof constructor === 'function' && constructor !== Object && /^[\w$]{1,60}$/.test(constructor.name)
  return isNamed ? `an object (${constructor.name})` : 'an object'
}
