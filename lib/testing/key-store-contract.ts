import { randomUUID } from 'node:crypto'
import type { KeyStore, SigningKeyState, StoredSigningKey } from '../stores/key-store.js'
import type { MaybePromise } from '../time/maybe-promise.js'
import { type ContractRules, type TestRunner, registerRules, requireTestable } from './contract-rule.js'
import { assertSame, isRefused } from './rule-assertions.js'
import { startedAt } from './token-records.js'

/** What `create` gives: a store, and what else the adapter can show. */
export interface KeyStoreUnderTest {
  /** Empty. */
  readonly store: KeyStore
  /** Opens a second store on the same data, as another process would. Absent: the rules between processes are not checked. */
  readonly createAnother?: (() => MaybePromise<KeyStore>) | undefined
  /** Closes the store and opens its data again, as a restart would. Absent: the store forgets when its process ends. */
  readonly reopen?: (() => MaybePromise<KeyStore>) | undefined
  /** Called after each test, also a failed one. */
  readonly close?: (() => MaybePromise<void>) | undefined
}

/** The runner's functions and the adapter. */
export interface KeyStoreContractOptions extends TestRunner {
  /** Makes a fresh, empty store; called once for each rule. */
  readonly create: () => MaybePromise<KeyStoreUnderTest>
}

/**
 * Registers the tests that every `KeyStore` must pass.
 *
 * @example
 * ```ts
 * import { describe, it } from 'vitest'
 *
 * keyStoreContract({ describe, it, create: () => ({ store: createMemoryStores().keys }) })
 * ```
 */
export function keyStoreContract({ create, ...runner }: KeyStoreContractOptions): void {
  registerRules(runner, 'key store', keyStoreRules, create)
}

const keyStoreRules: ContractRules<KeyStoreUnderTest> = {
  'lists nothing when it is new': async ({ store }) => {
    await assertKeys(store, [], 'A store without keys returns an empty list, not undefined.')
  },

  'lists the keys that were stored, whole and unchanged': async ({ store }) => {
    const keys = [newKey('next'), newKey('active'), newKey('retired'), newKey('retired')]
    await assertReplaces(store, [], keys)
    const rule = 'A private key is a text of several lines: a byte that is changed or cut off makes it useless.'
    await assertKeys(store, keys, rule)
    await assertKeys(store, keys, 'Listing changes nothing.')
  },

  'keeps a copy of what was stored': async ({ store }) => {
    const key = newKey('active')
    const [given, list] = [{ ...key }, [newKey('retired')]]
    const retired = [...list]
    await store.replaceSigningKeys([], [given, ...list])
    Object.assign(given, { state: 'retired' })
    list.pop()
    await assertKeys(store, [key, ...retired], 'Only `replaceSigningKeys` changes what is stored.')
  },

  'replaces all keys': async ({ store }) => {
    const [first, second, third] = [newKey('active'), newKey('active'), newKey('next')]
    await assertReplaces(store, [], [first])
    const retired: StoredSigningKey = { ...first, state: 'retired', since: startedAt + 60 }
    await assertReplaces(store, [first], [second, retired])
    await assertKeys(store, [second, retired], 'A key that is stored again has its new state and its new time.')
    await assertReplaces(store, [second, retired], [second, third])
    await assertKeys(store, [second, third], 'A key that is left out is gone: it must not verify anything any more.')
    await assertReplaces(store, [second, third], [])
    await assertKeys(store, [], 'All keys can be removed.')
  },

  'compares the expected keys in any order, by id and state alone': async ({ store }) => {
    const keys = [newKey('next'), newKey('active'), newKey('retired')]
    await assertReplaces(store, [], keys)
    const expected = [...keys].reverse().map(({ keyId, state }) => ({ keyId, state }))
    await assertReplaces(store, expected, [...keys].reverse())
    const touched = keys.map((key) => ({ ...key, since: 0, encryptedPrivateKey: '' }))
    await assertReplaces(store, touched, keys)
    await assertKeys(store, keys, 'Keys are compared by their ids and states alone.')
  },

  'changes nothing when the keys are not the expected ones': async ({ store }) => {
    const [active, retired] = [newKey('active'), newKey('retired')]
    await assertReplaces(store, [], [active, retired])
    for (const [difference, expected] of Object.entries({
      none: [],
      'one is missing': [active],
      'one too many': [active, retired, newKey('next')],
      'another key': [active, newKey('retired')],
      'the same key twice': [active, active],
      'another state': [active, { ...retired, state: 'active' as const }],
      'states exchanged': [
        { ...active, state: 'retired' as const },
        { ...retired, state: 'active' as const },
      ],
      'another case': [active, { ...retired, keyId: flipCase(retired.keyId) }],
    })) {
      const answer = await store.replaceSigningKeys(expected, [newKey('active')])
      const rule = `Another process was faster, and its key would be lost: \`false\`. Expected keys: ${difference}.`
      assertSame(answer, false, rule)
      await assertKeys(store, [active, retired], rule)
    }
  },

  'replaces all keys or none': async ({ store }) => {
    const before = [newKey('active'), newKey('retired')]
    await assertReplaces(store, [], before)
    const [key, other] = [newKey('active'), newKey('next')]
    const refused = await isRefused(() => store.replaceSigningKeys(before, [key, other, { ...key, state: 'retired' }]))
    // A store may also take two keys with one id: nobody gives it any.
    if (refused)
      await assertKeys(store, before, 'When one key cannot be stored, none is, and the old ones are all there.')
  },

  'lets exactly one of twenty concurrent replacements win': async ({ store, createAnother }) => {
    const another = (await createAnother?.()) ?? store
    const before = [newKey('active'), newKey('next')]
    await assertReplaces(store, [], before)
    const attempts = Array.from({ length: 20 }, () => [newKey('active'), ...before])
    const answers = await Promise.all(
      attempts.map(async (keys, index) => (index % 2 === 0 ? store : another).replaceSigningKeys(before, keys)),
    )
    const winners = attempts.filter((_, index) => answers[index] === true)
    assertSame(
      winners.length,
      1,
      'If several processes rotate at once, one wins: otherwise they would sign with keys that are not published.',
    )
    for (const handle of [store, another]) {
      await assertKeys(handle, winners[0] ?? [], 'What is stored is what the winner stored.')
    }
  },

  'is seen by another store on the same data at once': async ({ store, createAnother }) => {
    const another = await createAnother?.()
    requireTestable(another, 'create returns no createAnother')
    const [active, next] = [newKey('active'), newKey('next')]
    await assertKeys(another, [], 'Both are new.')
    await assertReplaces(store, [], [active])
    await assertKeys(another, [active], 'Every process must verify what any of them signs.')
    assertSame(await another.replaceSigningKeys([], [next]), false, 'A process that comes late changes nothing.')
    await assertReplaces(another, [active], [active, next])
    await assertKeys(store, [active, next], 'What one process stored, another finds.')
  },

  'is still there after a restart': async ({ store, reopen }) => {
    requireTestable(reopen, 'create returns no reopen')
    const key = newKey('active')
    await assertReplaces(store, [], [key])
    await assertKeys(await reopen(), [key], 'Without its key every token that was signed would be dead.')
  },
}

/** No real key: a store does not look into it. */
function newKey(state: SigningKeyState): StoredSigningKey {
  const lines = Array.from({ length: 50 }, () =>
    Buffer.from(randomUUID() + randomUUID())
      .toString('base64')
      .slice(0, 64),
  )
  const encryptedPrivateKey = `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${lines.join('\n')}\n-----END ENCRYPTED PRIVATE KEY-----\n`
  return { keyId: `aB-${randomUUID()}`, algorithm: 'PS256', state, encryptedPrivateKey, since: startedAt }
}

function flipCase(text: string): string {
  return text.replace('aB', 'Ab')
}

async function assertReplaces(
  store: KeyStore,
  expected: readonly Pick<StoredSigningKey, 'keyId' | 'state'>[],
  keys: readonly StoredSigningKey[],
): Promise<void> {
  const answer = await store.replaceSigningKeys(expected, keys)
  assertSame(answer, true, 'When the stored keys are the expected ones they are replaced: `true`.')
}

async function assertKeys(store: KeyStore, keys: readonly StoredSigningKey[], rule: string): Promise<void> {
  const found: unknown = await store.listSigningKeys()
  assertSame(Array.isArray(found) ? byId(found) : found, byId(keys), rule)
}

function byId(keys: readonly StoredSigningKey[]): StoredSigningKey[] {
  return [...keys].sort((a, b) => (a.keyId < b.keyId ? -1 : 1))
}
