import { describe, expect, it } from 'vitest'
import { andThen, isUnwantedPromise } from '../../../lib/time/maybe-promise.js'

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
