import { describe, expect, it } from 'vitest'

import { bcryptCost } from '../../../lib/passwords/unreadable-hash.js'
import { unreadableHashes } from './unreadable-hashes.js'

const rest = 'abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e'

describe('bcryptCost', () => {
  it.each(unreadableHashes)('cannot read %s', (_name, passwordHash) => {
    expect(bcryptCost(passwordHash)).toBe(undefined)
  })

  it.each([
    ['$2a$04$', 4],
    ['$2b$09$', 9],
    ['$2y$10$', 10],
    ['$2b$19$', 19],
  ])('reads %s', (prefix, cost) => {
    expect(bcryptCost(prefix + rest)).toBe(cost)
  })
})
