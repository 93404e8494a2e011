/** Names a value in a message, such as `'3600', a string`. Not for what may be a secret: see {@link nameKind}. */
export function nameValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string' || value === '' || value.length > 60) return nameKind(value)
  // Escaped, so that a message is one line.
  return `'${JSON.stringify(value).slice(1, -1)}', a string`
}

/** Names the kind of a value in a message: `a string`, `a promise`, `the function clientCredentialsGrant`. */
export function nameKind(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (value === '') return 'an empty string'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`
  if (typeof value !== 'object') return `a ${typeof value}`
  if (typeof (value as { readonly then?: unknown }).then === 'function') return 'a promise'
  const { constructor } = value
  return typeof constructor !== 'function' || constructor === Object ? 'an object' : `an object (${constructor.name})`
}
