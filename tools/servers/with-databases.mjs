import { randomBytes } from 'node:crypto'

/** Gives a server `createDatabase(name)`. `query(url, sql)` connects for one statement. */
export function withDatabases(server, query) {
  return server.given ? withDroppedDatabases() : Object.assign(server, { createDatabase })

  async function createDatabase(name) {
    await query(server.url, `CREATE DATABASE ${checked(name)}`)
    return Object.assign(new URL(server.url), { pathname: `/${name}` }).href
  }

  function withDroppedDatabases() {
    const created = []
    return Object.assign(server, {
      createDatabase(name) {
        // The server may have one of this name already, with something in it.
        const unique = `${name}_${randomBytes(4).toString('hex')}`
        created.push(unique)
        return createDatabase(unique)
      },
      async stop() {
        for (const name of created.splice(0)) await query(server.url, `DROP DATABASE IF EXISTS ${checked(name)}`)
      },
    })
  }
}

/** PostgreSQL and MariaDB quote names differently: these need no quotes. */
function checked(name) {
  if (!/^[a-z][a-z0-9_]{0,50}$/.test(name)) throw new Error(`name of a database: ${name} is not [a-z][a-z0-9_]*`)
  return name
}
