import { describe, expect, it } from 'vitest'

import { FairQueue } from '../../../lib/passwords/fair-queue.js'

interface Entry {
  readonly party: string
  readonly name: string
}

/** An entry such as `a1`: the first of the party `a`. */
function entry(name: string): Entry {
  return { party: name.charAt(0), name }
}

function queueOf(limit: number, ...names: readonly string[]): FairQueue<Entry> {
  const queue = new FairQueue<Entry>(limit)
  for (const name of names) expect(queue.push(entry(name))).toBe(undefined)
  return queue
}

function served(queue: FairQueue<Entry>): readonly (string | undefined)[] {
  return Array.from({ length: queue.length }, () => queue.shift()?.name)
}

describe('FairQueue', () => {
  it('serves the parties in turn, each in the order of its entries (V7)', () => {
    const queue = queueOf(10, 'a1', 'a2', 'a3', 'b1', 'c1', 'b2')

    expect(served(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
    expect(queue.shift()).toBe(undefined)
  })

  it('gives a party that comes back no turn before those that wait (V7)', () => {
    const queue = queueOf(10, 'a1', 'b1', 'c1')
    const order = [queue.shift()?.name]
    queue.push(entry('a2'))

    expect([...order, ...served(queue)]).toEqual(['a1', 'b1', 'c1', 'a2'])
  })

  it('makes room at the end of the longest line when it is full (V7)', () => {
    const queue = queueOf(4, 'a1', 'a2', 'a3', 'b1')

    expect(queue.push(entry('c1'))?.name).toBe('a3')
    expect(queue.length).toBe(4)
    expect(served(queue)).toEqual(['a1', 'b1', 'c1', 'a2'])
  })

  it('refuses the newcomer of the party that fills it (V7)', () => {
    const queue = queueOf(3, 'a1', 'a2', 'a3')

    expect(queue.push(entry('a4'))?.name).toBe('a4')
    expect(served(queue)).toEqual(['a1', 'a2', 'a3'])
  })

  it('ends with equal lines, in any order of arrival (V7)', () => {
    const queue = queueOf(6, 'a1', 'a2', 'a3', 'a4', 'a5', 'a6')
    const refused = ['b1', 'b2', 'b3', 'b4', 'c1', 'c2', 'c3', 'a7'].map((name) => queue.push(entry(name))?.name)

    expect(refused).toEqual(['a6', 'a5', 'a4', 'b4', 'a3', 'b3', 'c3', 'a7'])
    expect(served(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2'])
  })

  it('lets no number of parties displace those that wait for as little (V7)', () => {
    const queue = queueOf(3, 'a1', 'b1', 'c1')
    for (const name of ['d1', 'e1', 'f1', 'g1']) expect(queue.push(entry(name))?.name).toBe(name)

    expect(served(queue)).toEqual(['a1', 'b1', 'c1'])
  })

  it('accepts nothing with a limit of 0', () => {
    expect(queueOf(0).push(entry('a1'))?.name).toBe('a1')
  })

  it('gives all entries back when it is cleared', () => {
    const queue = queueOf(5, 'a1', 'b1', 'a2')

    expect(queue.clear().map(({ name }) => name)).toEqual(['a1', 'a2', 'b1'])
    expect([queue.length, queue.shift()]).toEqual([0, undefined])
  })
})
