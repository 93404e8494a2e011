import base from './vitest.config.ts'

/** The tests that may judge mutants, of which each group of tools/mutation.mjs takes those that are about it. */
export default {
  ...base,
  test: {
    ...base.test,
    // One import of the sources for all tests of a mutant, instead of one for each file.
    isolate: false,
    projects: undefined,
    include: ['test/{unit,conformance,integration}/**/*.test.ts'],
    reporters: ['default'],
  },
}
