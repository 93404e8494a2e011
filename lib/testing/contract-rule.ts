import { AssertionError } from 'node:assert/strict'
import type { MaybePromise } from '../time/maybe-promise.js'
import type { RequestContext } from '../request/request-context.js'
import { isRefused } from './rule-assertions.js'

/** The two functions of a test runner that a contract needs; those of vitest, jest and node:test fit. */
export interface TestRunner {
  /** Groups tests. */
  readonly describe: (name: string, define: () => void) => unknown
  /** Registers a test, which fails when its promise rejects. What the runner passes to it is used to report it as skipped. */
  readonly it: (name: string, test: (this: unknown, ...given: readonly unknown[]) => Promise<void>) => unknown
}

/** The rules of one group: name → check. Each check gets a fresh store; it throws `NotTested` where it has nothing to test. */
export type ContractRules<Subject> = Readonly<Record<string, (subject: Subject) => Promise<void>>>

/** What a contract passes to a store as the request: none of ours depends on it. */
export const contractContext: RequestContext = {
  requestId: 'contract',
  address: undefined,
  userAgent: undefined,
  parameters: new Map(),
}

/** What a test leaves open is closed after it, also after a failed one. */
export interface Closable {
  readonly close?: (() => MaybePromise<void>) | undefined
}

/** Ends a rule that has nothing to test: the runner reports it as skipped. */
export class NotTested extends Error {
  override readonly name = 'NotTested'
}

/** Ends the rule as skipped unless the subject has what it tests. The reason says what is missing, and how to provide it. */
export function requireTestable<Value>(value: Value, reason: string): asserts value is NonNullable<Value> {
  if (value === undefined || value === null || value === false) throw new NotTested(reason)
}

/**
 * Registers each rule as a test that creates its own store and always closes it. A rule that has nothing to test is reported as skipped.
 * The message of a failure begins with the group and the name of the rule, because some runners print nothing but messages.
 */
export function registerRules<Subject>(
  { describe, it }: TestRunner,
  group: string,
  rules: ContractRules<Subject>,
  create: () => MaybePromise<Subject & Closable>,
): void {
  describe(group, () => {
    for (const [name, check] of Object.entries(rules)) {
      it(name, async function (...given) {
        const subject = await create()
        try {
          await check(subject)
        } catch (error) {
          if (error instanceof NotTested) {
            await subject.close?.()
            reportSkipped(`${group} > ${name}`, error.message, [...given, this])
            return
          }
          // To close a store that is broken may fail, too, and must not hide how it is broken.
          await isRefused(() => subject.close?.())
          throw brokenRule(`${group} > ${name}`, error)
        }
        await subject.close?.()
      })
    }
  })
}

function brokenRule(rule: string, error: unknown): Error {
  if (!(error instanceof AssertionError)) {
    const found = `This rule expects a result: for an exception the server responds server_error.\n  found:    ${String(error)}`
    return Object.assign(new AssertionError({ message: `${rule}\n${found}` }), { cause: error })
  }
  const { message, stack } = error
  error.message = `${rule}\n${message}`
  // Runners print one or the other, and the stack was written when the error was made.
  if (stack !== undefined) error.stack = stack.replace(message, () => error.message)
  return error
}

interface Skips {
  readonly skip: (reason: string) => unknown
}

/**
 * Reports a test as skipped while it runs, through what the runner passes to it: its context in vitest and node:test, `this` in mocha.
 * jest has no way to do that: there the test passes, and the reason is printed.
 */
function reportSkipped(rule: string, reason: string, given: readonly unknown[]): void {
  const context = given.find(hasSkip)
  if (context === undefined) console.warn(`${rule}: not tested. ${reason}`)
  else context.skip(reason)
}

function hasSkip(value: unknown): value is Skips {
  // The context of vitest is a function.
  const canHave = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return canHave && 'skip' in value && typeof value.skip === 'function'
}
