import { types } from 'node:util'

/** What a value is: a type of JavaScript, or what is told from other objects and functions. */
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

/** Returns the kind of a value. Reads nothing of it that a secret could stand in. */
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

/** Returns what to call a value in a sentence: `a list`, `the function passwordGrant`, `a PrismaClient`. Never the value of a text or number. */
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

/** Names a value in a message, such as `'3600', a string`. Not for what may be a secret: see {@link describeValue}. */
export function nameValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string' || value === '' || value.length > 60) return describeValue(value)
  // Escaped, so that a message is one line.
  return `'${JSON.stringify(value).slice(1, -1)}', a string`
}

/** The class of an object, unless it is a plain one. */
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
