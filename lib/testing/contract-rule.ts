import type { MaybePromise } from '../protocol/maybe-promise.js'
import type { RequestContext } from '../protocol/request-context.js'

/** The two functions of a test runner that a contract needs; those of vitest, jest and node:test fit. */
export interface TestRunner {
  /** Groups tests. */
  readonly describe: (name: string, define: () => void) => unknown
  /** Registers a test, which fails when its promise rejects. */
  readonly it: (name: string, test: () => Promise<void>) => unknown
}

/** The rules of one group: name → check. Each check gets a fresh store. */
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

/** Registers each rule as a test that makes its own store and closes it, whatever happened. */
export function registerRules<Subject>(
  { describe, it }: TestRunner,
  group: string,
  rules: ContractRules<Subject>,
  create: () => MaybePromise<Subject & Closable>,
): void {
  describe(group, () => {
    for (const [name, check] of Object.entries(rules)) {
      it(name, async () => {
        const subject = await create()
        try {
          await check(subject)
        } finally {
          await subject.close?.()
        }
      })
    }
  })
}
