import type { PostgresClient, PostgresPool } from './postgres-pool.js'

const pools = new WeakSet<PostgresPool>()

/**
 * Keeps the process alive when connections are lost. Whoever uses one is told by its calls, but `pg` emits the error as well: by the pool
 * while the connection is idle, and by the connection itself while it was taken and has no statement under way, such as right after
 * the answer to one.
 */
export function ignoreConnectionErrors(pool: PostgresPool): void {
  if (pools.has(pool)) return
  pools.add(pool)
  const clients = new WeakSet<PostgresClient>()
  pool.on?.('error', ignore)
  pool.on?.('acquire', (client) => {
    if (clients.has(client)) return
    clients.add(client)
    client.on?.('error', ignore)
  })
}

function ignore(): void {
  // Nothing to do: the pool drops the connection.
}
