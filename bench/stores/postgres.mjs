import { openPostgresStores } from 'latchkey/stores/postgres'
import pg from 'pg'
import { startPostgres } from '../../tools/servers/start-postgres.mjs'
import { versionOf } from './environment.mjs'
import { accessTokenOf, refreshTokenOf } from './records.mjs'
import { asTheyAre, recordWith } from './recording.mjs'
import { storeCalls } from './store-calls.mjs'

const lanes = 8

/** PostgreSQL through a pool of `pg`, which both halves share. */
export async function openPostgres({ durable }) {
  const server = await startPostgres({ durable })
  if (server === undefined) return undefined
  const pool = new pg.Pool({ connectionString: await server.createDatabase('bench'), max: lanes })
  const recorder = recordingPool(pool)
  const store = storeCalls((await openPostgresStores(pool)).tokens)
  const recorded = storeCalls((await openPostgresStores(recorder.pool)).tokens)
  recorder.start()
  const { rows } = await pool.query('SHOW server_version')
  return {
    name: 'PostgreSQL',
    lanes,
    versions: { PostgreSQL: rows[0].server_version, pg: versionOf('pg') },
    halves: {
      store: { prepare: asTheyAre, ...store },
      bare: { prepare: recordWith(recorded, recorder.take), ...bareCalls(pool) },
    },
    countSent,
    async close() {
      await pool.end()
      await server.stop()
    },
  }
}

function bareCalls(pool) {
  return {
    'client credentials': ([insert]) => pool.query(insert),
    async verify([find]) {
      const { rows } = await pool.query(find)
      return accessTokenOf(find.values[0], rows[0])
    },
    'sign-in': ([insert]) => pool.query(insert),
    async refresh([find, rotate]) {
      const { rows } = await pool.query(find)
      await pool.query(rotate)
      return refreshTokenOf(find.values[0], rows[0])
    },
  }
}

/** Passes everything on until it is started; from then on it notes the queries. */
function recordingPool(pool) {
  let isRecording = false
  const queries = []
  const client = {
    async query(query) {
      queries.push(query)
      return { rows: [], rowCount: 1 }
    },
    release() {},
  }
  return {
    pool: { connect: async () => (isRecording ? client : pool.connect()) },
    start: () => (isRecording = true),
    take: () => queries.splice(0),
  }
}

/** Counts the queries of all connections: each is one round trip. */
async function countSent(work) {
  const { query } = pg.Client.prototype
  let count = 0
  pg.Client.prototype.query = function (...parameters) {
    count++
    return query.apply(this, parameters)
  }
  try {
    await work()
  } finally {
    pg.Client.prototype.query = query
  }
  return count
}
