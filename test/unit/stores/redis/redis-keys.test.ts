import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RedisKeys } from '../../../../lib/stores/redis/redis-keys.js'

const keys = new RedisKeys('{latchkey}:')

/** Every kind of key, of this id or of none. */
const kinds: readonly ((id: string) => string)[] = [
  (id) => keys.accessToken(id),
  (id) => keys.refreshToken(id),
  (id) => keys.authorization(id),
  (id) => keys.revokedToken(id),
  (id) => keys.authorizationsOfUser(id),
  (id) => keys.authorizationsOfClient(id),
]
const single = [keys.root, keys.clients, keys.signingKeys, keys.revocations, keys.authorizedClients]

/** Ids as applications have them, and as nobody should: with what separates, what escapes, and halves of surrogate pairs. */
const id = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.string({
    unit: fc.constantFrom(':', '\\', '"', '\n', 'u', 'd', '8', '0', '}', '\ud800', '\udc00', '\ufffd', 'é'),
  }),
)

describe('the keys of Redis', () => {
  it('are never the same for two ids or two kinds, as bytes', () => {
    fc.assert(
      fc.property(id, id, fc.nat(kinds.length - 1), fc.nat(kinds.length - 1), (one, other, kind, otherKind) => {
        const [first, second] = [bytesOf(kinds[kind]!(one)), bytesOf(kinds[otherKind]!(other))]
        expect(first === second).toBe(one === other && kind === otherKind)
        expect(single.map(bytesOf)).not.toContain(first)
      }),
      { numRuns: 5000 },
    )
  })

  it.each([
    ['half a surrogate pair and what UTF-8 puts in its place', '\ud800', '\ufffd'],
    ['two halves of different pairs', '\ud800', '\ud801'],
    ['what is escaped and its escape', '\ud800', '\\ud800'],
    ['a line break and its escape', '\n', '\\n'],
    ['composed and decomposed letters', '\u00e9', 'e\u0301'],
    ['nothing and a space', '', ' '],
  ])('differ for %s', (_, one, other) => {
    for (const kind of kinds) expect(bytesOf(kind(one))).not.toBe(bytesOf(kind(other)))
  })

  it('have no line break, because the first line of a token is its owner', () => {
    fc.assert(
      fc.property(id, (some) => {
        for (const kind of kinds) expect(kind(some)).not.toMatch(/[\r\n]/)
      }),
    )
  })

  it('all have the hash tag that the prefix has', () => {
    for (const kind of kinds) expect(kind('}{other}')).toMatch(/^\{latchkey\}:/)
  })
})

function bytesOf(key: string): string {
  return Buffer.from(key).toString('hex')
}
