import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const lib = fileURLToPath(new URL('lib', import.meta.url))
const long = 'test/long/**/*.test.ts'

export default defineConfig({
  resolve: {
    // Tests import by the package's names, but run the sources: no build between an edit and its test.
    alias: [
      { find: /^latchkey\/(?!package\.json)(.+)$/, replacement: `${lib}/$1/index.ts` },
      { find: /^latchkey$/, replacement: `${lib}/index.ts` },
    ],
  },
  test: {
    pool: 'forks',
    // Twice the cores of a small machine: many tests wait for a server, a browser or a delay.
    maxWorkers: 4,
    // Many start servers, browsers and processes, on machines that have much to do.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    // Titles from tables are cut at this length too, and with them the ids that tools/conformance.mjs looks for.
    chaiConfig: { truncateThreshold: 0 },
    silent: 'passed-only',
    reporters: ['./tools/short-reporter.mjs', 'json'],
    outputFile: { json: '.test-results/vitest.json' },
    coverage: { provider: 'v8', include: ['lib/**/*.ts'] },
    projects: [
      { extends: true, test: { name: 'tests', include: ['test/**/*.test.ts'], exclude: [long] } },
      // Many requests, random seeds: npm run test:long.
      { extends: true, test: { name: 'long', include: [long], testTimeout: 600_000 } },
    ],
  },
})
