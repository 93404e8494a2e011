// What the stores cost beside their drivers: each operation of a token endpoint, through the store and as the same statements
// sent through the bare driver, in turns in one process.
//
//   node bench/stores.mjs                  every store; takes about two minutes
//   node bench/stores.mjs redis mysql      the stores whose names have one of these words
//
//   --quick                                half a minute, for a first look
//   --durable                              servers that write to the disk before they answer
//   --json <file>                          writes the figures there as well
//
// Needs a build (npm run build). Starts servers of its own; without the programs of one its stores are left out.
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { environment } from './stores/environment.mjs'
import { measure } from './stores/measure.mjs'
import { openMemory } from './stores/memory.mjs'
import { openMysql } from './stores/mysql.mjs'
import { operationNames } from './stores/operations.mjs'
import { openPostgres } from './stores/postgres.mjs'
import { openIoRedis, openNodeRedis } from './stores/redis.mjs'
import { openSqlite } from './stores/sqlite.mjs'
import { table } from './stores/table.mjs'

const openers = {
  memory: openMemory,
  sqlite: openSqlite,
  postgres: openPostgres,
  mysql: openMysql,
  'node-redis': openNodeRedis,
  ioredis: openIoRedis,
}

const { values: flags, positionals: words } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, durable: { type: 'boolean' }, json: { type: 'string' } },
})
const chosen = Object.keys(openers).filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
if (chosen.length === 0) {
  console.error(`no such store: use ${Object.keys(openers).join(', ')}`)
  process.exit(2)
}
const effort = flags.quick ? { rounds: 5, sampleMilliseconds: 10 } : { rounds: 16, sampleMilliseconds: 12 }

const cells = []
const versions = {}
const before = environment(flags)
for (const name of chosen) {
  const subject = await openers[name]({ durable: flags.durable ?? false })
  if (subject === undefined) continue
  Object.assign(versions, subject.versions)
  try {
    for (const operation of operationNames) {
      const cell = await measure(subject, operation, effort)
      cells.push(cell)
      console.error(`${subject.name}, ${operation}: ${cell.ratio.median.toFixed(2)} of the bare driver`)
    }
  } finally {
    await subject.close()
  }
}

const result = { ...before, versions: { ...before.versions, ...versions }, cells }
console.log(table(result))
if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify(result, null, 2)}\n`)
