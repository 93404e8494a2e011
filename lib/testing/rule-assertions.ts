import { AssertionError } from 'node:assert/strict'
import { inspect, isDeepStrictEqual } from 'node:util'

/**
 * Fails with the rule that was broken and both values, unless they are equal.
 *
 * A property that is `undefined` counts as absent and a record may be of any class; a `null`, a string or a bigint where a
 * number is due, and a property too many are differences.
 */
export function assertSame(found: unknown, expected: unknown, rule: string): void {
  if (isSame(found, expected)) return
  const message = `${rule}\n  expected: ${inspect(expected)}\n  found:    ${inspect(found)}`
  throw new AssertionError({ message, actual: found, expected, operator: 'same' })
}

/** Whether they are equal by the same rules. */
export function isSame(found: unknown, expected: unknown): boolean {
  return isDeepStrictEqual(comparable(found), comparable(expected))
}

/** Fails with the rule that was broken, unless the call throws or rejects. */
export async function assertRefused(call: () => unknown, rule: string): Promise<void> {
  if (await isRefused(call)) return
  throw new AssertionError({ message: `${rule}\n  expected: an exception\n  found:    none`, operator: 'refused' })
}

/** Whether the call throws or rejects. */
export async function isRefused(call: () => unknown): Promise<boolean> {
  try {
    await call()
    return false
  } catch {
    return true
  }
}

/** The same without properties that are `undefined`, and without classes. */
export function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, comparable)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  const present = Object.entries(value).filter(([, property]) => property !== undefined)
  return Object.fromEntries(present.map(([name, property]) => [name, comparable(property)]))
}
