import Database from 'better-sqlite3'
import { openSqliteStores, type SqliteDatabase } from 'latchkey/stores/sqlite'
import { clientStoreContract, keyStoreContract, tokenStoreContract } from 'latchkey/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { compileStores, type CompiledStores } from './processes/compile-stores.js'
import { startRotatingProcess, type RotatingProcess } from './processes/rotate-elsewhere.js'

interface NodeSqlite {
  readonly DatabaseSync: new (file: string) => SqliteDatabase & { close(): void }
}

let compiled: CompiledStores
let elsewhere: RotatingProcess
beforeAll(() => {
  compiled = compileStores()
  elsewhere = startRotatingProcess(compiled, 'sqlite')
})
afterAll(async () => {
  await elsewhere.stop()
  compiled.remove()
})

const builtIn = process.getBuiltinModule('node:sqlite') as NodeSqlite | undefined

checkContracts('better-sqlite3', (file) => new Database(file, { timeout: 20_000 }))

if (builtIn === undefined)
  describe.skip(`node:sqlite (Node ${process.versions.node} has none)`, () => it('is absent', () => undefined))
else checkContracts('node:sqlite', (file) => new builtIn.DatabaseSync(file))

// The driver that openSqliteStores chooses itself, with its own settings.
checkContracts('a file name')

function checkContracts(name: string, open?: (file: string) => SqliteDatabase & { close(): unknown }): void {
  describe(`SQLite through ${name}`, () => {
    tokenStoreContract({
      describe,
      it,
      create() {
        const files = temporaryStores(open)
        return {
          store: files.openStores().tokens,
          createAnother: () => files.openStores().tokens,
          rotateElsewhere: (rotations) => elsewhere.rotate({ file: files.file }, rotations),
          reopen() {
            files.closeStores()
            return files.openStores().tokens
          },
          async close() {
            await elsewhere.release()
            files.remove()
          },
        }
      },
    })

    keyStoreContract({
      describe,
      it,
      create() {
        const files = temporaryStores(open)
        return {
          store: files.openStores().keys,
          createAnother: () => files.openStores().keys,
          reopen() {
            files.closeStores()
            return files.openStores().keys
          },
          close: () => files.remove(),
        }
      },
    })

    clientStoreContract({
      describe,
      it,
      create(clients) {
        const files = temporaryStores(open)
        const { clients: store } = files.openStores()
        for (const client of clients) store.saveClient(client)
        return { store, close: () => files.remove() }
      },
    })
  })
}

/** One database file in a folder of its own, and everything that was opened on it. */
function temporaryStores(open?: (file: string) => SqliteDatabase & { close(): unknown }) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-contract-'))
  const file = join(folder, 'latchkey.db')
  const opened: { close(): unknown }[] = []
  function closeStores(): void {
    for (const closable of opened.splice(0)) closable.close()
  }
  return {
    file,
    openStores() {
      if (open === undefined) {
        const stores = openSqliteStores(file)
        opened.push(stores)
        return stores
      }
      const database = open(file)
      opened.push(database)
      return openSqliteStores(database)
    },
    closeStores,
    remove() {
      closeStores()
      rmSync(folder, { recursive: true })
    },
  }
}
