import bcrypt from 'bcryptjs'
import { describe, expect, it } from 'vitest'

import { answerJob, type SynchronousBcrypt } from '../../../lib/passwords/bcrypt-worker.cjs'

const rest = 'abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e'

/** The real bcrypt, with a count of the rounds that it was made to go. */
function countingBcrypt(): SynchronousBcrypt & { rounds: number } {
  return {
    rounds: 0,
    getRounds: (passwordHash) => bcrypt.getRounds(passwordHash),
    compareSync(password, passwordHash) {
      this.rounds += 2 ** bcrypt.getRounds(passwordHash)
      return bcrypt.compareSync(password, passwordHash)
    },
    hashSync(password, costOrSalt) {
      this.rounds += 2 ** (typeof costOrSalt === 'number' ? costOrSalt : bcrypt.getRounds(costOrSalt))
      return bcrypt.hashSync(password, costOrSalt)
    },
  }
}

describe('the bcrypt worker', () => {
  it.each([
    ['a wrong password', 'wrong', `$2b$06$${rest}`, false],
    ['nobody', 'correct horse', `$2b$06$${'.'.repeat(53)}`, false],
    ['an old, cheap hash and the wrong password', 'wrong', `$2a$04$${rest}`, false],
    ['an old, cheap hash and the right password', 'correct horse', `$2a$04$${rest}`, true],
  ])('goes exactly the rounds of the configured cost for %s (ROP-06)', (_name, password, passwordHash, matches) => {
    const counted = countingBcrypt()

    expect(answerJob({ kind: 'verify', password, passwordHash, cost: 6 }, counted)).toBe(matches)
    expect(counted.rounds).toBe(2 ** 6)
  })

  it('goes the rounds of a hash that is costlier than configured', () => {
    const counted = countingBcrypt()

    expect(answerJob({ kind: 'verify', password: 'wrong', passwordHash: `$2b$06$${rest}`, cost: 4 }, counted)).toBe(
      false,
    )
    expect(counted.rounds).toBe(2 ** 6)
  })

  it('hashes with the configured cost', () => {
    const passwordHash = String(answerJob({ kind: 'hash', password: 'correct horse', cost: 5 }, bcrypt))

    expect(passwordHash).toMatch(/^\$2b\$05\$.{53}$/)
    expect(bcrypt.compareSync('correct horse', passwordHash)).toBe(true)
  })
})
