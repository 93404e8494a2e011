import { randomBytes } from 'node:crypto'

/**
 * What tests see of a server with databases: one of ours, or one whose URL the variable `given` had. `query(url, sql)` connects
 * for one statement.
 */
export async function databaseServer({ url, server, given, query }) {
  if (server) {
    return {
      url,
      given: false,
      get pid() {
        return server.pid()
      },
      kill: server.kill,
      restart: server.restart,
      stop: server.stop,
      createDatabase: create,
    }
  }

  await query(url, 'SELECT 1').catch((error) => {
    throw new Error(`the server that ${given} names does not answer`, { cause: error })
  })
  const created = []
  return {
    url,
    given: true,
    async createDatabase(name) {
      // It may have one of this name already, with something in it.
      const unique = `${name}_${randomBytes(4).toString('hex')}`
      created.push(unique)
      return create(unique)
    },
    async stop() {
      for (const name of created.splice(0)) await query(url, `DROP DATABASE IF EXISTS ${checked(name)}`)
    },
  }

  async function create(name) {
    await query(url, `CREATE DATABASE ${checked(name)}`)
    return Object.assign(new URL(url), { pathname: `/${name}` }).href
  }
}

/** PostgreSQL and MariaDB quote names differently: these need no quotes. */
function checked(name) {
  if (!/^[a-z][a-z0-9_]{0,50}$/.test(name)) throw new Error(`name of a database: ${name} is not [a-z][a-z0-9_]*`)
  return name
}
