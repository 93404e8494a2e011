import type Database from 'better-sqlite3'
import { sqliteUsers } from 'latchkey/stores/sqlite'

/** How many of an article are in stock, or wanted. */
export interface StockItem {
  readonly sku: string
  readonly quantity: number
}

/** What the shop itself keeps: users, orders, stock. Several processes may use it at once. */
export type ShopData = ReturnType<typeof shopData>

const tables = `
  CREATE TABLE IF NOT EXISTS users (user_id TEXT NOT NULL PRIMARY KEY, username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL, disabled INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS stock (sku TEXT NOT NULL PRIMARY KEY, quantity INTEGER NOT NULL CHECK (quantity >= 0)) STRICT;
  CREATE TABLE IF NOT EXISTS orders (order_id INTEGER NOT NULL PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users,
    sku TEXT NOT NULL REFERENCES stock, quantity INTEGER NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS orders_user ON orders (user_id);`

/** Keeps the shop's data in an open SQLite database, and creates the tables there. */
export function shopData(database: Database.Database) {
  database.exec('PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON')
  // Immediate: other processes wait from the first statement on, and none of them reads what is about to change.
  database.transaction(() => database.exec(tables)).immediate()
  const take = database.prepare('UPDATE stock SET quantity = quantity - ? WHERE sku = ? AND quantity >= ?')
  const insert = database.prepare('INSERT INTO orders (user_id, sku, quantity) VALUES (?, ?, ?)')
  const placeOrder = database.transaction((userId: string, { sku, quantity }: StockItem) => {
    const isEnough = take.run(quantity, sku, quantity).changes === 1
    return isEnough ? Number(insert.run(userId, sku, quantity).lastInsertRowid) : undefined
  })
  return {
    /** The users as latchkey sees them. Names are compared byte for byte; `usernameCase` would change that. */
    users: sqliteUsers(database, {
      table: 'users',
      columns: { id: 'user_id', username: 'username', passwordHash: 'password_hash', disabled: 'disabled' },
    }),
    /** Takes from the stock and stores the order, both or neither; returns its number, or `undefined` if there is not enough. */
    placeOrder: (userId: string, order: StockItem) => placeOrder.immediate(userId, order),
    // Any other statement.
    all: (text: string, ...values: unknown[]) => database.prepare(text).all(...values),
    run: (text: string, ...values: unknown[]) => database.prepare(text).run(...values),
  }
}
