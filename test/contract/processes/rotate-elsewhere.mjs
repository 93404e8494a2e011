// Rotates refresh tokens in a store that other processes have opened, too: all rotations of a message at once.
const [kind, module] = process.argv.slice(2)
const stores = await import(module)

const open = {
  sqlite({ file }) {
    const { tokens, close } = stores.openSqliteStores(file, { busyTimeoutMilliseconds: 10_000 })
    return { tokens, close }
  },
  async postgres({ url }) {
    const { default: pg } = await import('pg')
    const pool = new pg.Pool({ connectionString: url })
    const { tokens } = await stores.openPostgresStores(pool)
    return { tokens, close: () => pool.end() }
  },
  async mysql({ url }) {
    const { createPool } = await import('mysql2/promise')
    const pool = createPool({ uri: url })
    const { tokens } = await stores.openMysqlStores(pool)
    return { tokens, close: () => pool.end() }
  },
  async redis({ url, keyPrefix }) {
    const { createClient } = await import('redis')
    const client = createClient({ url })
    await client.connect()
    const { tokens } = stores.openRedisStores(client, { keyPrefix })
    return { tokens, close: () => client.destroy() }
  },
}

let opened

process.on('message', async ({ id, ...message }) => {
  try {
    process.send({ id, outcomes: await answer(message) })
  } catch (error) {
    process.send({ id, error: String(error) })
  }
})
process.send('ready')

/** Without data everything is closed. */
async function answer({ data, rotations = [], startAt = 0 }) {
  if (opened?.name !== JSON.stringify(data)) {
    await opened?.store.then(({ close }) => close())
    opened = data && { name: JSON.stringify(data), store: Promise.resolve(open[kind](data)) }
  }
  if (opened === undefined) return []
  const { tokens } = await opened.store
  while (Date.now() < startAt);
  return Promise.all(rotations.map(async (rotation) => tokens.rotateRefreshToken(rotation)))
}
