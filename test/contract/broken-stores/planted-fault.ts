import type { TestRunner } from '../../../lib/testing/contract-rule.js'

/** A store with one fault, and the rule whose business it is to find it. */
export interface PlantedFault<Store> {
  readonly fault: string
  /** Group and name of the rule. */
  readonly rule: string
  /** What the message of the rule tells about it: a part of what follows on the name of the rule. */
  readonly says: string
  readonly store: () => Store
}

/** A rule, by its group and name, as a contract registers it. */
export interface RegisteredRule {
  readonly rule: string
  /** Answers what the check threw, and why it was skipped; `undefined` when the rule held. */
  readonly check: () => Promise<unknown>
}

/** Registers a contract outside of any test runner. */
export function registeredRules(register: (runner: TestRunner) => void): readonly RegisteredRule[] {
  const rules: RegisteredRule[] = []
  let group = ''
  register({
    describe(name, define) {
      group = name
      define()
    },
    it(name, test) {
      const check = async (): Promise<unknown> => {
        let skipped: unknown
        const context = {
          skip(reason: string) {
            skipped = { skipped: reason }
          },
        }
        return test.call(undefined, context).then(
          () => skipped,
          (error: unknown) => error,
        )
      }
      rules.push({ rule: `${group} > ${name}`, check })
    },
  })
  return rules
}
