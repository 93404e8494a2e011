import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { absent } from './absent.mjs'
import { accountFor } from './account.mjs'
import { databaseServer } from './database-server.mjs'
import { folderOf } from './programs.mjs'
import { throwAwayServer } from './throw-away-server.mjs'

const run = promisify(execFile)
const given = 'TEST_MYSQL_URL'

// Runs at every start, before the server accepts connections. MySQL makes no root for 127.0.0.1 by itself.
const initFile = `
CREATE DATABASE IF NOT EXISTS test;
CREATE USER IF NOT EXISTS 'root'@'127.0.0.1';
GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;
`

/** Starts MariaDB, or MySQL. The second parameter, for tests of this file, finds the program. */
export async function startMariadb({ durable = false } = {}, findProgram = program) {
  if (process.env[given] && !durable) return databaseServer({ url: process.env[given], given, query })
  const mysqld = await findProgram()
  if (!mysqld) return absent({ name: 'MariaDB', packages: 'mariadb-server', variable: durable ? undefined : given })

  const account = accountFor('mysql')
  const isMariadb = /mariadb/i.test((await run(mysqld, ['--version'])).stdout)
  const urlOf = (port) => `mysql://root@127.0.0.1:${port}/test`
  const server = await throwAwayServer({
    name: 'mariadb',
    account,
    async create(home) {
      await writeFile(join(home, 'init.sql'), initFile)
      const data = ['--no-defaults', `--datadir=${join(home, 'data')}`]
      if (isMariadb) await run('mariadb-install-db', [...data, ...installOptions], { ...account, cwd: home })
      else await run(mysqld, [...data, '--initialize-insecure'], { ...account, cwd: home })
    },
    command: (home, port) => [
      mysqld,
      '--no-defaults',
      `--datadir=${join(home, 'data')}`,
      `--init-file=${join(home, 'init.sql')}`,
      `--socket=${join(home, 'socket')}`,
      `--pid-file=${join(home, 'pid')}`,
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
    ask: async (port) => (await query(urlOf(port), 'SELECT @@datadir AS folder'))[0].folder,
  })
  return databaseServer({ url: urlOf(server.port), server, query })
}

const installOptions = ['--auth-root-authentication-method=normal', '--skip-name-resolve', '--skip-test-db']
const fast = ['--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=off']

async function program() {
  for (const name of ['mariadbd', 'mysqld']) {
    const folder = await folderOf([name], ['/usr/sbin'])
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
