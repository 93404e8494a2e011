import type { SqliteDatabase } from './sqlite-database.js'

/** Loads the optional package; throws when it is not installed or was not built for this Node. */
export declare function loadBetterSqlite3(): new (file: string) => SqliteDatabase & { close(): unknown }
