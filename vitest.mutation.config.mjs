import base from './vitest.config.ts'

/** The tests that judge mutants: those that need no build, no server of a database and no second process, the slowest left out. */
export default {
  ...base,
  test: {
    ...base.test,
    // One import of the sources for all tests of a mutant, instead of one for each file.
    isolate: false,
    include: [
      'test/unit/**/*.test.ts',
      'test/conformance/**/*.test.ts',
      'test/integration/{passport-*,password-rehash,authorizations,client-secret-*,events}.test.ts',
    ],
    exclude: ['test/unit/{tools,stores,passwords}/**', 'test/conformance/throttle-{clients,flood,users}.test.ts'],
    reporters: ['default'],
  },
}
