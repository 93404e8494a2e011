/** Ends a rule that has nothing to test: the runner reports it as skipped. */
export class NotTested extends Error {
  override readonly name = 'NotTested'
}

/** Ends the rule as skipped unless the subject has what it tests. The reason says what is missing, and how to provide it. */
export function requireTestable<Value>(value: Value, reason: string): asserts value is NonNullable<Value> {
  if (value === undefined || value === null || value === false) throw new NotTested(reason)
}

interface Skips {
  readonly skip: (reason: string) => unknown
}

/**
 * Reports a test as skipped while it runs, through what the runner passes to it: its context in vitest and node:test, `this` in mocha.
 * jest has no way to do that: there the test passes, and the reason is printed.
 */
export function reportSkipped(rule: string, reason: string, given: readonly unknown[]): void {
  const context = given.find(hasSkip)
  if (context === undefined) console.warn(`${rule}: not tested. ${reason}`)
  else context.skip(reason)
}

function hasSkip(value: unknown): value is Skips {
  // The context of vitest is a function.
  const canHave = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return canHave && 'skip' in value && typeof value.skip === 'function'
}
