import { describe, expect, it } from 'vitest'
import { andThen, isUnwantedPromise, orElse } from '../../../lib/time/maybe-promise.js'

/** Can be waited for, and answers nothing from its `then`, as a promise would. */
function thenable<T>(value: T): PromiseLike<T> {
  return {
    then: (resolve: (value: T) => unknown) => void setImmediate(() => resolve(value)),
  } as unknown as PromiseLike<T>
}

describe('andThen', () => {
  it('continues at once with a value', () => {
    expect(andThen(1, (value) => value + 1)).toBe(2)
  })

  it('waits for a promise, and for any other thenable', async () => {
    await expect(andThen(Promise.resolve(1), (value) => value + 1)).resolves.toBe(2)
    await expect(andThen(thenable(1), (value) => value + 1)).resolves.toBe(2)
    await expect(andThen(thenable(1), (value) => thenable(value + 1))).resolves.toBe(2)
  })
})

describe('orElse', () => {
  const thrown = new Error('thrown')
  const recover = (error: unknown): unknown => ({ recovered: error })

  it('recovers at once from what is thrown at once', () => {
    const fail = (): never => {
      throw thrown
    }
    expect(orElse(fail, recover)).toEqual({ recovered: thrown })
  })

  it('recovers from the rejection of a promise, and of what only looks like one', async () => {
    await expect(orElse(() => Promise.reject(thrown), recover)).resolves.toEqual({ recovered: thrown })
    const rejecting = { then: (_: unknown, reject: (error: unknown) => void) => void setImmediate(reject, thrown) }
    await expect(orElse(() => rejecting as unknown as PromiseLike<never>, recover)).resolves.toEqual({
      recovered: thrown,
    })
  })

  it('returns what the work returns, at once where there is nothing to wait for', async () => {
    expect(orElse(() => 1, recover)).toBe(1)
    await expect(orElse(() => Promise.resolve(1), recover)).resolves.toBe(1)
    await expect(orElse(() => thenable(1), recover)).resolves.toBe(1)
  })

  it('leaves what recovering throws to the caller', async () => {
    const failAgain = (): never => {
      throw thrown
    }
    expect(() => orElse(failAgain, failAgain)).toThrow(thrown)
    await expect(orElse(() => Promise.reject(new Error('first')), failAgain)).rejects.toBe(thrown)
  })
})

describe('isUnwantedPromise', () => {
  it('recognizes a promise, and ignores its rejection', async () => {
    const unheard: unknown[] = []
    const note = (error: unknown): void => void unheard.push(error)
    process.on('unhandledRejection', note)
    expect(isUnwantedPromise(Promise.reject(new Error('unheard')))).toBe(true)
    expect(isUnwantedPromise(thenable(1))).toBe(true)
    for (const value of [undefined, null, true, 'then', { then: 1 }]) expect(isUnwantedPromise(value)).toBe(false)
    await new Promise(setImmediate)
    process.off('unhandledRejection', note)
    expect(unheard).toEqual([])
  })
})
