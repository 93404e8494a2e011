// What a person wants to read of a test run: failures with their errors, what was skipped and why, totals.
import { DefaultReporter } from 'vitest/node'

const TENTHS = 10

export default class ShortReporter extends DefaultReporter {
  #files = 0
  #done = 0
  #tests = 0

  onTestRunStart(specifications) {
    super.onTestRunStart(specifications)
    this.#files = specifications.length
  }

  /** A file that passed is not named. */
  printTestModule(module) {
    if (module.state() === 'failed') super.printTestModule(module)
    this.#done += 1
    this.#tests += [...module.children.allTests()].length
    const isTenth =
      Math.floor((this.#done * TENTHS) / this.#files) > Math.floor(((this.#done - 1) * TENTHS) / this.#files)
    if (!this.isTTY && isTenth) this.log(` ${this.#done} of ${this.#files} files, ${this.#tests} tests`)
  }

  printTestCase(moduleState, test) {
    if (test.result().state === 'failed') super.printTestCase(moduleState, test)
  }

  onTestRunEnd(modules, errors, reason) {
    super.onTestRunEnd(modules, errors, reason)
    // What a name pattern leaves out is no news.
    const skipped = this.ctx.config.testNamePattern ? [] : modules.flatMap((module) => skippedIn(module))
    if (skipped.length === 0) return
    this.log(' Skipped')
    for (const line of skipped) this.log(`   ${line}`)
    this.log()
  }
}

/** `file: suite (12)`: the largest parts of a module of which everything was skipped, with the reason if the test gave one. */
function skippedIn(module) {
  const found = []
  const visit = (parent, path) => {
    for (const child of parent.children) {
      const name = [...path, child.name.trim()].filter(Boolean)
      const tests = child.type === 'suite' ? [...child.children.allTests()] : [child]
      if (tests.length > 0 && tests.every((test) => test.result().state === 'skipped')) {
        const notes = new Set(tests.map((test) => test.result().note).filter(Boolean))
        const why = notes.size > 0 ? ` – ${[...notes].join(', ')}` : ''
        found.push(`${module.relativeModuleId}: ${name.join(' > ')} (${tests.length})${why}`)
      } else if (child.type === 'suite') visit(child, name)
    }
  }
  visit(module, [])
  return found
}
