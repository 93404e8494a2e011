// Mutation testing of the parts that the standard is about. It takes long, so it is no part of `npm test`:
// `npm run mutation`, or for some files `npm run mutation -- --mutate lib/bearer/challenge.ts`.
const folders = ['client-auth', 'grants', 'protocol', 'bearer', 'tokens']

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: folders.map((folder) => `lib/${folder}/**/*.ts`),
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.mjs', related: true },
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  concurrency: 2,
  timeoutMS: 30_000,
  // Linked, not copied: the sandbox needs nothing but the sources and the tests.
  ignorePatterns: ['dist', 'example-app', 'bench', 'docs', 'reports', '.test-results'],
  reporters: ['progress', 'clear-text', 'json', 'html'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 95, low: 90, break: 90 },
  tempDirName: '.stryker',
}
