import { openMysqlStores } from 'latchkey/stores/mysql'
import { createPool } from 'mysql2/promise'
import { startMariadb } from '../../tools/servers/start-mariadb.mjs'
import { versionOf } from './environment.mjs'
import { accessTokenOf, refreshTokenOf } from './records.mjs'
import { asTheyAre, recordWith } from './recording.mjs'
import { storeCalls } from './store-calls.mjs'

const lanes = 8

/** MariaDB, or MySQL where that is installed, through a pool of `mysql2`, which both halves share. */
export async function openMysql({ durable }) {
  const server = await startMariadb({ durable })
  if (server === undefined) return undefined
  const pool = createPool({ uri: await server.createDatabase('bench'), connectionLimit: lanes })
  const recorder = recordingPool(pool)
  const store = storeCalls((await openMysqlStores(pool)).tokens)
  const recorded = storeCalls((await openMysqlStores(recorder.pool)).tokens)
  recorder.start()
  const [[{ version }]] = await pool.query('SELECT version() AS version')
  const name = /mariadb/i.test(version) ? 'MariaDB' : 'MySQL'
  return {
    name,
    lanes,
    versions: { [name]: version.split('-')[0], mysql2: versionOf('mysql2') },
    halves: {
      store: { prepare: asTheyAre, ...store },
      bare: { prepare: recordWith(recorded, recorder.take), ...bareCalls(pool) },
    },
    countSent: (work) => countSent(pool, work),
    async close() {
      await pool.end()
      await server.stop()
    },
  }
}

function bareCalls(pool) {
  const send = ([{ sql, values }]) => pool.execute(sql, values)
  const sendTransaction = async (steps) => {
    const connection = await pool.getConnection()
    try {
      for (const { method, sql, values } of steps) await connection[method](sql, values)
    } finally {
      connection.release()
    }
  }
  return {
    'client credentials': ([insert]) => send(insert),
    async verify([find]) {
      const [rows] = await send(find)
      return accessTokenOf(find[0].values[0], rows[0])
    },
    'sign-in': ([transaction]) => sendTransaction(transaction),
    async refresh([find, transaction]) {
      const [rows] = await send(find)
      await sendTransaction(transaction)
      return refreshTokenOf(find[0].values[0], rows[0])
    },
  }
}

/** Passes everything on until it is started; from then on it notes what each connection that was taken is sent. */
function recordingPool(pool) {
  let isRecording = false
  const visits = []
  const takeConnection = () => {
    const steps = []
    visits.push(steps)
    const noted = (method) => async (query) => {
      steps.push({ method, sql: query.sql, values: query.values })
      // No rows, or one that was changed.
      return [Object.assign([], { affectedRows: 1 })]
    }
    return { query: noted('query'), execute: noted('execute'), release() {}, destroy() {} }
  }
  return {
    pool: { getConnection: async () => (isRecording ? takeConnection() : pool.getConnection()) },
    start: () => (isRecording = true),
    take: () => visits.splice(0),
  }
}

/** As the server counts: statements, and those that had to be prepared first. */
async function countSent(pool, work) {
  const count = async () => {
    const wanted = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Com_stmt_prepare')"
    const [rows] = await pool.query(wanted)
    return rows.reduce((sum, { Value }) => sum + Number(Value), 0)
  }
  const before = await count()
  await work()
  // One of them is the question itself.
  return (await count()) - before - 1
}
