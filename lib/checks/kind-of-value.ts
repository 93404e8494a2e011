import { types } from 'node:util'

/** The kinds of values that messages distinguish. */
export type ValueKind =
  | 'undefined'
  | 'null'
  | 'boolean'
  | 'number'
  | 'bigint'
  | 'symbol'
  | 'string'
  | 'empty string'
  | 'URL'
  | 'list'
  | 'bytes'
  | 'promise'
  | 'module'
  | 'class'
  | 'function'
  | 'object'

/** Returns the kind of a value. Does not read any part that may be secret. */
export function kindOfValue(value: unknown): ValueKind {
  if (value === null) return 'null'
  if (typeof value === 'string') return kindOfText(value)
  if (typeof value === 'function')
    return /^class\b/.test(Function.prototype.toString.call(value)) ? 'class' : 'function'
  if (typeof value !== 'object') return typeof value
  if (Array.isArray(value)) return 'list'
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return 'bytes'
  if (types.isModuleNamespaceObject(value)) return 'module'
  return typeof (value as { readonly then?: unknown }).then === 'function' ? 'promise' : 'object'
}

/** Returns words for a value: `a list`, `the function passwordGrant`, `a PrismaClient`. Never the value of a string or number. */
export function describeValue(value: unknown): string {
  const kind = kindOfValue(value)
  switch (kind) {
    case 'undefined':
    case 'null':
    case 'bytes':
      return kind
    case 'empty string':
      return 'an empty string'
    case 'class':
    case 'function': {
      const { name } = value as { readonly name: unknown }
      return isIdentifier(name) ? `the ${kind} ${name}` : `a ${kind}`
    }
    case 'object':
      return withArticle(classOf(value as object) ?? 'object')
    default:
      return `a ${kind}`
  }
}

/** Returns a value for a message, such as `'3600', a string`. For values that may be secret, use {@link describeValue}. */
export function nameValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string' || value === '' || value.length > 60) return describeValue(value)
  // Escaped, so that the message stays on one line.
  return `'${JSON.stringify(value).slice(1, -1)}', a string`
}

/** Returns the class of an object; `undefined` for a plain object. */
export function classOf(value: object): string | undefined {
  const prototype = Object.getPrototypeOf(value) as { readonly constructor?: { readonly name?: unknown } } | null
  const name = prototype?.constructor?.name
  return isIdentifier(name) && name !== 'Object' ? name : undefined
}

function kindOfText(text: string): ValueKind {
  if (text === '') return 'empty string'
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? 'URL' : 'string'
}

function isIdentifier(name: unknown): name is string {
  return typeof name === 'string' && /^[\w$]{1,60}$/.test(name)
}

function withArticle(noun: string): string {
  return `${/^[aeio]/i.test(noun) ? 'an' : 'a'} ${noun}`
}
