import { afterAll, afterEach, describe, expect, it } from 'vitest'

import { ConfigurationError } from '../../../lib/errors/configuration-error.js'
import { StoreUnavailableError } from '../../../lib/errors/store-unavailable-error.js'
import {
  bcryptHasher,
  bcryptHasherOn,
  type BcryptHasher,
  type BcryptHasherOptions,
  type BcryptWorkers,
} from '../../../lib/passwords/bcrypt-hasher.js'
import type { LongPasswords } from '../../../lib/passwords/bcrypt-input.js'
import { answerJob, workerCode, type BcryptJob } from '../../../lib/passwords/bcrypt-worker.cjs'
import { WorkerPool } from '../../../lib/passwords/worker-pool.js'
import { unreadableHashes } from './unreadable-hashes.js'

// Made with libxcrypt, an implementation independent of the one in use.
const salt = 'abcdefghijklmnopqrstuu'
const hashOfCorrectHorse = `$2b$04$${salt}jydOTSfIH/d5oUHpsygqV5X9xJLQc6e`
const hashOf72 = `$2b$04$${salt}BzzIgyKkz7xMWYSzkIjUSnxEQFQ0WNe`
const hashOf36TwoByteCharacters = `$2b$04$${salt}KiIlCeXB6chNXkLyAo8C7XcLPzh6zUe`
const nobodyHash = `$2b$04$${'.'.repeat(53)}`

const pool = new WorkerPool<BcryptJob, string | boolean>({
  code: workerCode,
  size: 1,
  queueLimit: 100,
  jobMilliseconds: 2,
})
const jobs: BcryptJob[] = []
const parties: unknown[] = []
/** Real worker threads, with a record of the jobs that they were given. */
const recordedWorkers: BcryptWorkers = {
  run(job, party) {
    jobs.push(job)
    parties.push(party)
    return pool.run(job, party)
  },
  close: () => pool.close(),
}

/** A hasher with the lowest cost there is: the same code, and 64 times quicker. */
function cheapHasher(longPasswords: LongPasswords = 'refuse'): BcryptHasher {
  return bcryptHasherOn(recordedWorkers, { cost: 4, longPasswords })
}

afterEach(() => {
  jobs.length = 0
  parties.length = 0
})

afterAll(() => pool.close())

describe('verify', () => {
  it.each(unreadableHashes)('returns false for %s, after the work for an unknown user', async (_name, passwordHash) => {
    expect(await cheapHasher().verify('correct horse', passwordHash)).toBe(false)
    expect(jobs).toEqual([{ kind: 'verify', password: 'correct horse', passwordHash: nobodyHash, cost: 4 }])
  })

  it('returns false for an unreadable hash, even if the password matches the hash of nobody', async () => {
    // Such a password exists, though nobody can find it: these workers stand for whoever did.
    const hasher = bcryptHasherOn(
      { run: async () => true, close: () => Promise.resolve() },
      { cost: 4, longPasswords: 'refuse' },
    )

    expect(await hasher.verify('correct horse', '')).toBe(false)
    expect(await hasher.verify('correct horse', hashOfCorrectHorse)).toBe(true)
  })

  it('answers false for a password that only begins with the right 72 bytes, after the same work (AUT-11)', async () => {
    expect(await cheapHasher().verify('a'.repeat(73), hashOf72)).toBe(false)
    expect(await cheapHasher().verify('é'.repeat(37), hashOf36TwoByteCharacters)).toBe(false)
    expect(jobs).toEqual([
      { kind: 'verify', password: 'a'.repeat(72), passwordHash: hashOf72, cost: 4 },
      { kind: 'verify', password: 'é'.repeat(37), passwordHash: hashOf36TwoByteCharacters, cost: 4 },
    ])
    // What these jobs answered alone is not what decides.
    expect(await Promise.all(jobs.map((job) => pool.run(job)))).toEqual([true, true])
  })

  it('copies no more of an endless password than bcrypt reads', async () => {
    expect(await cheapHasher().verify('a'.repeat(1_000_000), hashOf72)).toBe(false)
    expect(jobs.map((job) => job.password.length)).toEqual([72])
  })

  it.each([
    ['a repetition behind NUL, which bcrypt takes for the same', 'correct horse\0correct horse'],
    ['NUL at the end', 'correct horse\0'],
    ['a lone surrogate', 'correct horse\ud800'],
  ])('returns false for %s, after the same work', async (_name, password) => {
    expect(await cheapHasher().verify(password, hashOfCorrectHorse)).toBe(false)
    expect(jobs).toEqual([{ kind: 'verify', password, passwordHash: hashOfCorrectHorse, cost: 4 }])
  })

  it.each(['', 'correct  horse', 'correct horse ', 'Correct horse', 'correct hors'])(
    'returns false for the wrong password "%s"',
    async (password) => {
      expect(await cheapHasher().verify(password, hashOfCorrectHorse)).toBe(false)
    },
  )

  it.each([
    ['$2a$', 'correct horse', `$2a$04$${salt}jydOTSfIH/d5oUHpsygqV5X9xJLQc6e`],
    ['$2b$', 'correct horse', hashOfCorrectHorse],
    ['$2y$', 'correct horse', `$2y$04$${salt}jydOTSfIH/d5oUHpsygqV5X9xJLQc6e`],
    ['cost 5 of $2a$', 'U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    ['characters of one to four bytes', 'pässwörd €🔑', `$2y$04$${salt}rfqS79BQXDENwB42ZDZkvlVCfIvzDQ6`],
    ['the empty password', '', `$2b$04$${salt}byCG3zY1GIXMyxfivm.ClDiInHzxjiq`],
    ['exactly 72 bytes', 'a'.repeat(72), hashOf72],
    ['exactly 72 bytes of two-byte characters', 'é'.repeat(36), hashOf36TwoByteCharacters],
  ])('knows the hash of another implementation: %s', async (_name, password, passwordHash) => {
    expect(await cheapHasher().verify(password, passwordHash)).toBe(true)
  })

  it('digests long passwords first with prehash', async () => {
    const hasher = cheapHasher('prehash')
    const hashOf73 = `$2b$04$${salt}W4Yz1l30IO3b1/xWRwp8K.4nGUkvGZa`

    expect(await hasher.verify('a'.repeat(73), hashOf73)).toBe(true)
    expect(await hasher.verify('a'.repeat(74), hashOf73)).toBe(false)
    expect(await hasher.verify('a'.repeat(73), hashOf72)).toBe(false)
    expect(await hasher.verify('a'.repeat(72), hashOf72)).toBe(true)
    expect(await hasher.verify('é'.repeat(37), `$2b$04$${salt}j/qUJle6mhhnLn3yZz6jtDBw.eheWX6`)).toBe(true)
  })
})

describe('verifyNobody', () => {
  it('does what verify does for a wrong password', async () => {
    await expect(cheapHasher().verifyNobody('correct horse')).resolves.toBe(undefined)
    await expect(cheapHasher().verifyNobody('a'.repeat(73))).resolves.toBe(undefined)

    expect(jobs).toEqual([
      { kind: 'verify', password: 'correct horse', passwordHash: nobodyHash, cost: 4 },
      { kind: 'verify', password: 'a'.repeat(72), passwordHash: nobodyHash, cost: 4 },
    ])
  })
})

describe('a hash that costs more than those of the hasher', () => {
  const costOf = ({ cost }: BcryptJob): number => cost
  const hashOfCost = (cost: number): string => `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`
  /** No work is done: what is asked for is what counts. */
  const hasher = (): BcryptHasher =>
    bcryptHasherOn(
      {
        run: async (job) => jobs.push(job) < 0,
        close: () => Promise.resolve(),
      },
      { cost: 10, longPasswords: 'refuse' },
    )

  it('sets the work for unknown users, cheaper hashes and unreadable ones from then on (V14)', async () => {
    const watched = hasher()
    await watched.verifyNobody('wrong')
    await watched.verify('wrong', hashOfCost(12))
    await watched.verifyNobody('wrong')
    await watched.verify('wrong', hashOfCost(4))
    await watched.verify('wrong', hashOfCost(10))
    await watched.verify('wrong', 'not a hash')
    await watched.verify('é'.repeat(500), hashOfCost(11))
    expect(jobs.map(costOf)).toEqual([10, 12, 12, 12, 12, 12, 12])
    await watched.hash('a new one')
    expect(costOf(jobs.at(-1)!)).toBe(10)
  })

  it('really does the work of the costliest hash for an unknown user (V14)', async () => {
    const watched = cheapHasher()
    await watched.verify('wrong', hashOfCost(7))
    await watched.verifyNobody('wrong')
    const rounds: number[] = []
    const counting = {
      hashSync: (_password: string, salt: number | string) =>
        String(rounds.push(2 ** Number(String(salt).slice(4, 6)))),
      compareSync: (_password: string, hash: string) => rounds.push(2 ** Number(hash.slice(4, 6))) < 0,
      getRounds: (hash: string) => Number(hash.slice(4, 6)),
    }
    expect(answerJob(jobs.at(-1)!, counting)).toBe(false)
    expect(rounds.reduce((sum, some) => sum + some)).toBe(2 ** 7)
  })

  it('is followed up to cost 15, so that one planted hash does not stop all sign-ins (V14)', async () => {
    const watched = hasher()
    await watched.verify('wrong', hashOfCost(19))
    await watched.verifyNobody('wrong')
    expect(jobs.map(costOf)).toEqual([15, 15])
    expect(watched.weaknesses?.()).toMatchObject([
      { code: 'costlier_hashes', reason: expect.stringContaining('19') as string },
    ])
  })

  it('is reported with its remedy (V14)', async () => {
    const watched = hasher()
    await watched.verify('wrong', hashOfCost(10))
    expect(watched.weaknesses?.()).toEqual([])
    watched.noteHash?.(hashOfCost(12))
    await watched.verifyNobody('wrong')
    expect(costOf(jobs.at(-1)!)).toBe(12)
    expect(watched.weaknesses?.()).toMatchObject([
      { code: 'costlier_hashes', remedy: 'Give it their cost: bcryptHasher({ cost: 12 })' },
    ])
  })
})

it('passes the party to the workers (V7)', async () => {
  const hasher = cheapHasher()
  await hasher.verify('correct horse', hashOfCorrectHorse, 'alice')
  await hasher.verifyNobody('correct horse', 'bob')
  await hasher.hash('correct horse', 'carol')
  await hasher.verify('correct horse', hashOfCorrectHorse)

  expect(parties).toEqual(['alice', 'bob', 'carol', undefined])
})

describe('hash', () => {
  it.each([
    ['73 bytes', 'a'.repeat(73)],
    ['74 bytes in 37 characters', 'é'.repeat(37)],
    ['NUL', 'pass\0word'],
    ['a lone surrogate', 'pass\ud800word'],
  ])('refuses %s with a RangeError', async (_name, password) => {
    await expect(cheapHasher().hash(password)).rejects.toThrow(RangeError)
    expect(jobs).toEqual([])
  })

  it('makes hashes that verify, each with its own salt', async () => {
    const hasher = cheapHasher()
    const hashes = [await hasher.hash('pässwörd €🔑'), await hasher.hash('pässwörd €🔑')]

    for (const passwordHash of hashes) {
      expect(passwordHash).toMatch(/^\$2b\$04\$[./A-Za-z0-9]{53}$/)
      expect(await hasher.verify('pässwörd €🔑', passwordHash)).toBe(true)
      expect(await hasher.verify('passwörd €🔑', passwordHash)).toBe(false)
    }
    expect(hashes[0]?.slice(0, 29)).not.toBe(hashes[1]?.slice(0, 29))
  })

  it('hashes the digest of long passwords with prehash', async () => {
    const hasher = cheapHasher('prehash')
    const passwordHash = await hasher.hash('a'.repeat(73))

    expect(await hasher.verify('a'.repeat(73), passwordHash)).toBe(true)
    expect(
      await cheapHasher().verify('6z5v/321POFkzlG0ucvwvUhGzfgWgRgf+zo8PtqTwIwOMCDjeu3xiQ+pNJhGIzT5', passwordHash),
    ).toBe(true)
  })
})

describe('needsRehash', () => {
  const hasher = bcryptHasher({ cost: 12 })
  const rest = hashOf72.slice(7)

  it.each(unreadableHashes)('returns true for %s', (_name, passwordHash) => {
    expect(hasher.needsRehash(passwordHash)).toBe(true)
  })

  it.each([
    ['$2b$04$', true],
    ['$2b$11$', true],
    ['$2a$12$', false],
    ['$2b$12$', false],
    ['$2y$12$', false],
    ['$2b$13$', false],
  ])('compares the cost of %s', (prefix, needed) => {
    expect(hasher.needsRehash(prefix + rest)).toBe(needed)
  })
})

describe('bcryptHasher', () => {
  it.each([
    [{ cost: 9 }, 'bcryptHasher.cost: is 9; must be a whole number from 10 to 15. Leave it out for 10.'],
    [{ cost: 16 }, 'bcryptHasher.cost: is 16; must be a whole number from 10 to 15. Leave it out for 10.'],
    [{ cost: 10.5 }, 'bcryptHasher.cost: is 10.5; must be a whole number from 10 to 15. Leave it out for 10.'],
    [{ cost: Number.NaN }, 'bcryptHasher.cost: is NaN; must be a whole number from 10 to 15. Leave it out for 10.'],
    [
      { cost: '10' },
      "bcryptHasher.cost: is '10', a string; must be a whole number from 10 to 15. Leave it out for 10.",
    ],
    [{ workers: 0 }, 'bcryptHasher.workers: is 0; must be a whole number from 1 to 64. Leave it out for the default.'],
    [
      { workers: 65 },
      'bcryptHasher.workers: is 65; must be a whole number from 1 to 64. Leave it out for the default.',
    ],
    [
      { queueLimit: -1 },
      'bcryptHasher.queueLimit: is -1; must be a whole number from 0 to 10000. Leave it out for 200.',
    ],
    [
      { queueLimit: Infinity },
      'bcryptHasher.queueLimit: is Infinity; must be a whole number from 0 to 10000. Leave it out for 200.',
    ],
    [
      { longPasswords: 'truncate' },
      "bcryptHasher.longPasswords: is 'truncate', a string; must be 'refuse' or 'prehash'. Leave it out for refuse.",
    ],
    [{ rounds: 12 }, 'bcryptHasher.rounds: is not an option. Known options: cost, workers, queueLimit, longPasswords.'],
  ])('refuses the options %j', (options, message) => {
    const make = (): BcryptHasher => bcryptHasher(options as BcryptHasherOptions)

    expect(make).toThrow(ConfigurationError)
    expect(make).toThrow(message)
  })

  it('hashes and verifies with cost 10 by default', async () => {
    const hasher = bcryptHasher({ cost: undefined, workers: 2 })
    try {
      const passwordHash = await hasher.hash('correct horse')

      expect(passwordHash).toMatch(/^\$2b\$10\$/)
      expect(hasher.needsRehash(passwordHash)).toBe(false)
      expect(
        await Promise.all([
          hasher.verify('correct horse', passwordHash),
          hasher.verify('correct horse', `$2b$10$${salt}23JPZtHcGhwXSF41f93o/7vBdDut3Xu`),
          hasher.verify('wrong horse', passwordHash),
        ]),
      ).toEqual([true, true, false])
    } finally {
      await hasher.close()
    }
  })

  it('refuses what goes beyond the queue, and says when to come back', async () => {
    const hasher = bcryptHasher({ workers: 1, queueLimit: 20 })
    const unfinished = Promise.allSettled(Array.from({ length: 21 }, () => hasher.verifyNobody('correct horse')))

    // 20 jobs of about 75 ms on one worker.
    await expect(hasher.verify('correct horse', hashOf72)).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      retryAfterSeconds: 2,
    })
    await expect(hasher.hash('correct horse')).rejects.toThrow(StoreUnavailableError)

    await hasher.close()
    await unfinished
  })

  it('rejects all further work when it is closed', async () => {
    const hasher = bcryptHasher()
    await hasher.close()

    for (const work of [hasher.hash('a'), hasher.verify('a', hashOf72), hasher.verifyNobody('a')]) {
      await expect(work).rejects.toThrow(new StoreUnavailableError('the worker threads were closed'))
    }
  })
})
