import type { SqliteDatabase } from 'latchkey/stores/sqlite'
import { openFile } from './sqlite-driver.js'

/** An open database of the shop. */
export interface ShopDatabase extends SqliteDatabase {
  close(): unknown
}

/** Opens the shop's database and creates its own tables; those of latchkey stand beside them, in the same file. */
export function openDatabase(file: string): ShopDatabase {
  const database = openFile(file)
  database.exec(`
    PRAGMA busy_timeout = 2000;
    PRAGMA journal_mode = WAL;
    PRAGMA foreign_keys = ON;

    CREATE TABLE IF NOT EXISTS users (
      user_id       TEXT    NOT NULL PRIMARY KEY,
      username      TEXT    NOT NULL UNIQUE,
      password_hash TEXT    NOT NULL,
      disabled      INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE IF NOT EXISTS stock (
      sku      TEXT    NOT NULL PRIMARY KEY,
      quantity INTEGER NOT NULL CHECK (quantity >= 0)
    ) STRICT;

    CREATE TABLE IF NOT EXISTS orders (
      order_id INTEGER NOT NULL PRIMARY KEY,
      user_id  TEXT    NOT NULL REFERENCES users,
      sku      TEXT    NOT NULL REFERENCES stock,
      quantity INTEGER NOT NULL CHECK (quantity > 0)
    ) STRICT;
    CREATE INDEX IF NOT EXISTS orders_user ON orders (user_id);
  `)
  return database
}
