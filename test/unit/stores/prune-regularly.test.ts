import { pruneRegularly, type PruneLimits, type PruneRegularlyOptions } from 'latchkey'
import { createMemoryStores } from 'latchkey/stores/memory'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../lib/errors/configuration-error.js'

const often: PruneRegularlyOptions = { intervalSeconds: 1, clock: () => 1_800_000_000 }

/** Waits until something is so; a machine that is busy may take its time. */
async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !isSo(); tries++) await sleep(50)
  expect(isSo()).toBe(true)
}

describe('pruneRegularly', () => {
  it.each([
    [{ intervalSeconds: 0 }, 'pruneRegularly.intervalSeconds'],
    [{ intervalSeconds: 1.5 }, 'pruneRegularly.intervalSeconds'],
    [{ intervalSeconds: 86_401 }, 'pruneRegularly.intervalSeconds'],
    [{ budgetMilliseconds: 0 }, 'pruneRegularly.budgetMilliseconds'],
    [{ onError: 'log' }, 'pruneRegularly.onError'],
    [{ clock: 1 }, 'pruneRegularly.clock'],
    [{ interval: 1 }, 'pruneRegularly.interval'],
  ])('refuses %j', (options, where) => {
    const start = (): unknown => pruneRegularly({ prune: () => 0 }, options as PruneRegularlyOptions)
    expect(start).toThrow(ConfigurationError)
    expect(start).toThrow(where)
  })

  it('prunes at the time of its clock, within its budget, until it is stopped', async () => {
    const calls: [number, PruneLimits | undefined][] = []
    const store = {
      prune(now: number, limits?: PruneLimits) {
        calls.push([now, limits])
        return 0
      },
    }
    const stop = pruneRegularly(store, { ...often, budgetMilliseconds: 25 })
    await until(() => calls.length >= 2)
    stop()
    const before = calls.length
    await sleep(1500)
    expect(calls.length).toBe(before)
    expect(calls[0]).toEqual([1_800_000_000, { budgetMilliseconds: 25 }])
  })

  it('never prunes twice at once', async () => {
    let [running, most, calls] = [0, 0, 0]
    const store = {
      async prune() {
        most = Math.max(most, ++running)
        calls++
        await sleep(1600)
        running--
        return 0
      },
    }
    const stop = pruneRegularly(store, often)
    await until(() => calls >= 2)
    stop()
    expect(most).toBe(1)
  })

  it('reports a failure, thrown or rejected, and goes on', async () => {
    const failures: unknown[] = []
    const errors = [new Error('thrown'), new Error('rejected')]
    let calls = 0
    const store = {
      prune() {
        const error = errors[calls++ % 2]!
        if (error.message === 'thrown') throw error
        return Promise.reject(error)
      },
    }
    const stop = pruneRegularly(store, { ...often, onError: (error) => failures.push(error) })
    await until(() => failures.length >= 2)
    stop()
    expect(failures.slice(0, 2)).toEqual(errors)
  })

  it('reports nothing of a pruning that was stopped', async () => {
    const failures: unknown[] = []
    let fail: (() => void) | undefined
    const store = { prune: () => new Promise<number>((_resolve, reject) => (fail = () => reject(new Error('closed')))) }
    const stop = pruneRegularly(store, { ...often, onError: (error) => failures.push(error) })
    await until(() => fail !== undefined)
    stop()
    fail?.()
    await sleep(10)
    expect(failures).toEqual([])
  })

  it('does nothing for a store that expires tokens itself', () => {
    const { tokens } = createMemoryStores({ pruneIntervalSeconds: 0 })
    const byItself = Object.assign(Object.create(tokens) as typeof tokens, { prune: undefined })
    expect(pruneRegularly(byItself, often)).not.toThrow()
  })

  it('refuses what is not a store, instead of pruning nothing', () => {
    const stores = createMemoryStores({ pruneIntervalSeconds: 0 })
    expect(() => pruneRegularly(stores as object, often)).toThrow(
      'pruneRegularly.store: is an object with a TokenStore in its member tokens; it must be a TokenStore. Write stores.tokens.',
    )
    expect(() => pruneRegularly({}, often)).toThrow(ConfigurationError)
  })
})
