// What all groups of tools/mutation.mjs have in common.
/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.mjs', related: false },
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 30_000,
  // Linked, not copied: the sandbox needs nothing but the sources and the tests.
  ignorePatterns: ['dist', 'example-app', 'bench', 'docs', 'reports', '.test-results'],
  reporters: ['progress', 'json', 'html'],
  tempDirName: '.stryker',
}
