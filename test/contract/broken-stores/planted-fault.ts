import type { TestRunner } from '../../../lib/testing/contract-rule.js'

/** A store with one fault, and the rule whose business it is to find it. */
export interface PlantedFault<Store> {
  readonly fault: string
  /** Group and name of the rule. */
  readonly rule: string
  readonly store: () => Store
}

/** Runs a contract outside of any test runner: rule → what it threw, undefined when it held. */
export async function runContract(register: (runner: TestRunner) => void): Promise<ReadonlyMap<string, unknown>> {
  const tests: { readonly rule: string; readonly test: () => Promise<void> }[] = []
  let group = ''
  register({
    describe(name, define) {
      group = name
      define()
    },
    it: (name, test) => tests.push({ rule: `${group} > ${name}`, test }),
  })

  const results = new Map<string, unknown>()
  for (const { rule, test } of tests)
    results.set(
      rule,
      await test().then(
        () => undefined,
        (error: unknown) => error,
      ),
    )
  return results
}
