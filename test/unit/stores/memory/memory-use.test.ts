import { createMemoryStores } from 'latchkey/stores/memory'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { clientTokens } from '../stored-records.js'

it('holds a client credentials token in 250 bytes, and frees the memory of expired tokens', () => {
  const { tokens } = createMemoryStores({ clock: () => 0, pruneIntervalSeconds: 0 })
  const count = 100_000
  // Once before measuring, so that compiled code and grown buffers are not counted.
  fill('warm-up')
  tokens.prune(3600)

  const before = heapUsed()
  fill('token')
  expect((heapUsed() - before) / count).toBeLessThan(250)
  expect(tokens.prune(3600)).toBe(count)
  expect((heapUsed() - before) / count).toBeLessThan(10)

  function fill(name: string): void {
    for (let index = 0; index < count; index++) tokens.saveTokens(clientTokens(`${name} ${index}`, 3600))
  }
})

function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().heapUsed
}
