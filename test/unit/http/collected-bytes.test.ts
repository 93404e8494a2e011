import { describe, expect, it } from 'vitest'
import { CollectedBytes } from '../../../lib/http/collected-bytes.js'

describe('collected bytes', () => {
  it('returns what was added, in any parts', () => {
    for (const sizes of [
      [],
      [0],
      [1],
      [1023, 1, 1],
      [5000],
      Array<number>(3000).fill(1),
      [1, 65_535],
      [40_000, 25_536],
    ]) {
      const collected = new CollectedBytes(65_536)
      const parts = sizes.map((size, index) => Buffer.alloc(size, index))
      for (const part of parts) expect(collected.add(part)).toBe(true)
      expect(collected.bytes().equals(Buffer.concat(parts))).toBe(true)
    }
  })

  it('holds at most twice the bytes, and never more than the limit (V1)', () => {
    const collected = new CollectedBytes(65_536)
    for (let length = 1; length <= 65_536; length++) {
      collected.add(Uint8Array.of(1))
      const held = collected.bytes().buffer.byteLength
      if (held > Math.min(65_536, Math.max(1024, 2 * length))) expect.fail(`${held} octets for ${length}`)
    }
    expect(collected.bytes()).toHaveLength(65_536)
  })

  it('keeps no part that was added: it may be a view of a larger buffer (V1)', () => {
    const packet = Buffer.alloc(60_000, 'a')
    const collected = new CollectedBytes(65_536)
    collected.add(packet.subarray(0, 1))
    packet.fill('b')
    expect(collected.bytes().toString()).toBe('a')
    expect(collected.bytes().buffer).not.toBe(packet.buffer)
  })

  it('drops everything when there is one byte too many', () => {
    const collected = new CollectedBytes(10)
    expect(collected.add(Buffer.alloc(10))).toBe(true)
    expect(collected.add(Buffer.alloc(1))).toBe(false)
    expect(collected.bytes()).toHaveLength(0)
    expect(new CollectedBytes(10).add(Buffer.alloc(11))).toBe(false)
  })
})
