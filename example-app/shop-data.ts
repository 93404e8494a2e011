import type { MaybePromise, UserStore } from 'latchkey'
import type { UserTable } from 'latchkey/stores/sqlite'

/** What the shop itself keeps: users, orders, stock. Several processes may use it at once. */
export interface ShopData {
  /** The users as the password grant sees them. */
  readonly users: UserStore
  /** The orders of one user, the oldest first. */
  ordersOf(userId: string): MaybePromise<readonly Order[]>
  /** Takes from the stock and notes the order, both or neither; answers its number, or `undefined` when there is not enough. */
  placeOrder(userId: string, order: NewOrder): MaybePromise<number | undefined>
  listStock(): MaybePromise<readonly StockItem[]>
  setStock(item: StockItem): MaybePromise<void>
  /** Whether `fill` has not been done to its end. */
  isEmpty(): MaybePromise<boolean>
  /** Adds what is not there yet, the orders last. */
  fill(rows: DemoRows): MaybePromise<void>
}

/** What a user asks for. */
export interface NewOrder {
  readonly sku: string
  readonly quantity: number
}

/** An order as its user sees it. */
export interface Order extends NewOrder {
  readonly orderId: number
}

/** How many of an article there are. */
export interface StockItem {
  readonly sku: string
  readonly quantity: number
}

/** What a new shop begins with. */
export interface DemoRows {
  readonly users: readonly { readonly userId: string; readonly username: string; readonly passwordHash: string }[]
  readonly stock: readonly StockItem[]
  readonly orders: readonly (Order & { readonly userId: string })[]
}

/** Where latchkey finds the users. Names are compared byte for byte; `usernameCase` would change that. */
export const userTable: UserTable = {
  table: 'users',
  columns: { id: 'user_id', username: 'username', passwordHash: 'password_hash', disabled: 'disabled' },
}
