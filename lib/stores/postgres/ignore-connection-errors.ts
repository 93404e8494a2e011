import type { PostgresClient, PostgresPool } from './postgres-pool.js'

const pools = new WeakSet<PostgresPool>()

/**
 * Keeps the process alive when connections are lost. The calls that use a connection fail, but `pg` emits the error as well: on the pool while
 * the connection is idle, and on the connection itself while it is in use without a statement under way.
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
