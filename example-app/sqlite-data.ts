import { sqlUserStore, type SqliteDatabase } from 'latchkey/stores/sqlite'
import { userTable, type NewOrder, type Order, type ShopData, type StockItem } from './shop-data.js'

const tables = `
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
`

/** Keeps the shop's data in an open SQLite database, and creates the tables there. */
export function sqliteData(database: SqliteDatabase): ShopData {
  database.exec('PRAGMA busy_timeout = 2000; PRAGMA foreign_keys = ON')
  atomically(() => database.exec(tables))
  const ofUser = database.prepare('SELECT order_id AS orderId, sku, quantity FROM orders WHERE user_id = ? ORDER BY 1')
  const takeFromStock = database.prepare('UPDATE stock SET quantity = quantity - ? WHERE sku = ? AND quantity >= ?')
  const insertOrder = database.prepare(
    'INSERT INTO orders (user_id, sku, quantity) VALUES (?, ?, ?) RETURNING order_id AS id',
  )
  const stock = database.prepare('SELECT sku, quantity FROM stock ORDER BY sku')
  const saveStock = database.prepare(`
    INSERT INTO stock (sku, quantity) VALUES (?, ?) ON CONFLICT (sku) DO UPDATE SET quantity = excluded.quantity
  `)
  const anyOrder = database.prepare('SELECT 1 FROM orders LIMIT 1')
  const addUser = database.prepare('INSERT OR IGNORE INTO users (user_id, username, password_hash) VALUES (?, ?, ?)')
  const addStock = database.prepare('INSERT OR IGNORE INTO stock VALUES (?, ?)')
  const addOrder = database.prepare('INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?)')

  return {
    users: sqlUserStore(database, userTable),
    ordersOf: (userId) => ofUser.all(userId) as Order[],
    placeOrder: (userId, { sku, quantity }: NewOrder) =>
      atomically(() => {
        const isEnough = Number(takeFromStock.run(quantity, sku, quantity).changes) === 1
        return isEnough ? (insertOrder.get(userId, sku, quantity) as { id: number }).id : undefined
      }),
    listStock: () => stock.all() as StockItem[],
    setStock: ({ sku, quantity }) => void saveStock.run(sku, quantity),
    isEmpty: () => anyOrder.get() === undefined,
    fill: ({ users, stock: items, orders }) =>
      atomically(() => {
        for (const { userId, username, passwordHash } of users) addUser.run(userId, username, passwordHash)
        for (const { sku, quantity } of items) addStock.run(sku, quantity)
        for (const { orderId, userId, sku, quantity } of orders) addOrder.run(orderId, userId, sku, quantity)
      }),
  }

  /** Other processes wait from the first statement on: none of them reads what is about to change. */
  function atomically<Result>(work: () => Result): Result {
    database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      database.exec('COMMIT')
      return result
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
  }
}
