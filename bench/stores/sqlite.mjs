import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStores } from 'latchkey/stores/sqlite'
import { versionOf } from './environment.mjs'
import { accessTokenOf, refreshTokenOf } from './records.mjs'
import { asTheyAre, recordWith } from './recording.mjs'
import { synchronousStoreCalls } from './store-calls.mjs'

/** A file, with the driver and the settings that the store has when it opens one itself; both halves on one connection. */
export async function openSqlite({ durable }) {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'))
  const { Database, driver } = await findDriver()
  const database = new Database(join(folder, 'stores.db'))
  database.exec('PRAGMA journal_mode = WAL')
  database.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`)
  const recorder = recordingDatabase(database)
  const store = synchronousStoreCalls(openSqliteStores(database).tokens)
  const recorded = synchronousStoreCalls(openSqliteStores(recorder.database).tokens)
  recorder.start()
  return {
    name: 'SQLite',
    lanes: 1,
    versions: { SQLite: database.prepare('SELECT sqlite_version() AS version').get().version, ...driver },
    halves: {
      store: { prepare: asTheyAre, ...store },
      bare: { prepare: recordWith(recorded, recorder.take), ...bareCalls(database) },
    },
    async close() {
      database.close()
      await rm(folder, { recursive: true })
    },
  }
}

function bareCalls(database) {
  const send = ({ statement, method, values }) =>
    method === 'exec' ? database.exec(statement) : statement[method](...values)
  const sendAll = (steps) => {
    for (const step of steps) send(step)
  }
  return {
    'client credentials': sendAll,
    verify: ([find]) => accessTokenOf(find.values[0], send(find)),
    'sign-in': sendAll,
    refresh([find, ...rotation]) {
      const row = send(find)
      sendAll(rotation)
      return refreshTokenOf(find.values[0], row)
    },
  }
}

async function findDriver() {
  const builtIn = process.getBuiltinModule('node:sqlite')
  if (builtIn) return { Database: builtIn.DatabaseSync, driver: {} }
  const { default: Database } = await import('better-sqlite3')
  return { Database, driver: { 'better-sqlite3': versionOf('better-sqlite3') } }
}

/** Passes everything on until it is started; from then on it notes what would be done. */
function recordingDatabase(database) {
  let isRecording = false
  const steps = []
  // A row in which every text is empty, and no refresh token is spent.
  const blankRow = new Proxy({}, { get: (_, column) => (column === 'spent_at' ? null : '') })
  const answers = { run: { changes: 1 }, get: blankRow, all: [], exec: undefined }
  const note = (method, statement, values) => {
    if (!isRecording) return method === 'exec' ? database.exec(statement) : statement[method](...values)
    steps.push({ method, statement, values })
    return answers[method]
  }
  return {
    database: {
      exec: (sql) => note('exec', sql),
      prepare(sql) {
        const statement = database.prepare(sql)
        const noted = (method) => [method, (...values) => note(method, statement, values)]
        return Object.fromEntries(['run', 'get', 'all'].map(noted))
      },
    },
    start: () => (isRecording = true),
    take: () => steps.splice(0),
  }
}
