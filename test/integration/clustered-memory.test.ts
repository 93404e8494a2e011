import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it } from 'vitest'

// The program runs what was built.
it('the posture of a worker says that processes do not share memory, in any environment (27)', async () => {
  cluster.setupPrimary({ exec: join(import.meta.dirname, '../fixtures/clustered-issuer.mjs') })
  const worker: Worker = cluster.fork({ NODE_ENV: 'development' })
  try {
    const [posture] = (await once(worker, 'message')) as unknown[]
    expect(posture).toMatchObject([
      { code: 'memory_store', reason: expect.stringMatching(/each process.*unknown to the others/) },
      { code: 'memory_throttle' },
    ])
  } finally {
    worker.kill()
  }
})
