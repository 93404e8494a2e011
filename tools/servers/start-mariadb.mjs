import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { absent } from './absent.mjs'
import { accountFor } from './account-for.mjs'
import { folderOfPrograms } from './folder-of-programs.mjs'
import { givenServer } from './given-server.mjs'
import { throwAwayServer } from './throw-away-server.mjs'
import { withDatabases } from './with-databases.mjs'

const run = promisify(execFile)

// Runs at every start, before the server accepts connections. MySQL makes no root for 127.0.0.1 by itself.
const initFile = `
CREATE DATABASE IF NOT EXISTS test;
CREATE USER IF NOT EXISTS 'root'@'127.0.0.1';
GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;
`

/** Starts MariaDB, or MySQL. The second parameter, for tests of this file, finds the program. */
export async function startMariadb({ durable = false } = {}, findProgram = program) {
  const variable = durable ? undefined : 'TEST_MYSQL_URL'
  const given = variable && (await givenServer(variable, (url) => query(url, 'SELECT 1')))
  if (given) return withDatabases(given, query)
  const mysqld = await findProgram()
  if (!mysqld) return absent({ name: 'MariaDB', packages: 'mariadb-server', variable })

  const account = accountFor('mysql')
  const isMariadb = /mariadb/i.test((await run(mysqld, ['--version'])).stdout)
  const server = await throwAwayServer({
    name: 'mariadb',
    account,
    urlOf: (port) => `mysql://root@127.0.0.1:${port}/test`,
    async create(folder) {
      await writeFile(join(folder, 'init.sql'), initFile)
      if (isMariadb)
        await run('mariadb-install-db', [...within(folder), ...installOptions], { ...account, cwd: folder })
      else await run(mysqld, [...within(folder), '--initialize-insecure'], { ...account, cwd: folder })
    },
    command: (folder, port) => [
      mysqld,
      ...within(folder),
      `--init-file=${join(folder, 'init.sql')}`,
      `--socket=${join(folder, 'socket')}`,
      `--pid-file=${join(folder, 'pid')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
      '--max-connections=200',
      '--innodb-buffer-pool-size=32M',
      '--performance-schema=off',
      '--skip-log-bin',
      ...(isMariadb ? [] : ['--mysqlx=off']),
      ...(durable ? ['--innodb-flush-log-at-trx-commit=1'] : fast),
    ],
    ask: async (url) => (await query(url, 'SELECT @@datadir AS folder'))[0].folder,
  })
  return withDatabases(server, query)
}

const installOptions = ['--auth-root-authentication-method=normal', '--skip-name-resolve', '--skip-test-db']
const fast = ['--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=off']

function within(folder) {
  // A server that starts clears its folder for temporary tables, also of those that another one needs.
  return ['--no-defaults', `--datadir=${join(folder, 'data')}`, `--tmpdir=${folder}`]
}

async function program() {
  for (const name of ['mariadbd', 'mysqld']) {
    const folder = await folderOfPrograms([name], ['/usr/sbin'])
    if (folder) return join(folder, name)
  }
  return undefined
}

async function query(url, sql) {
  const connection = await createConnection({ uri: url, connectTimeout: 5000 })
  // A server that ends meanwhile: the query rejects as well.
  connection.on('error', () => {})
  try {
    return (await connection.query(sql))[0]
  } finally {
    connection.destroy()
  }
}
