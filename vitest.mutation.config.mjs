import { defineConfig, mergeConfig } from 'vitest/config'
import base from './vitest.config.ts'

/** The tests that judge mutants: those that need no build, no server of a database and no second process. */
export default mergeConfig(
  base,
  defineConfig({
    test: {
      include: ['test/unit/**/*.test.ts', 'test/conformance/**/*.test.ts', 'test/integration/passport-*.test.ts'],
      exclude: ['test/unit/tools/**', 'test/unit/stores/**', 'test/conformance/throttle-flood.test.ts'],
      reporters: ['dot'],
    },
  }),
)
