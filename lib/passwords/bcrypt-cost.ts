// A cost of 20 holds a worker for more than a minute, and each further step doubles it: nobody waits for that answer, and a
// few such hashes would end sign-in for everybody.
const readable = /^\$2[aby]\$(0[4-9]|1[0-9])\$[./A-Za-z0-9]{53}$/

/**
 * The cost of a bcrypt hash: the binary logarithm of its rounds.
 *
 * Reads `$2a$`, `$2b$` and `$2y$` with a cost from 4 to 19. `undefined` for anything else, also for `$2x$`, which marks
 * hashes made by an old, faulty implementation.
 */
export function bcryptCost(passwordHash: string): number | undefined {
  const cost = readable.exec(passwordHash)?.[1]
  return cost === undefined ? undefined : Number(cost)
}
