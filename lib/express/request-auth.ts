import type {} from 'express-serve-static-core'
import type { Auth } from '../bearer/auth.js'

/** Carries the type of `req.auth` from a guard to the handlers behind it; exists for the compiler only. */
export declare const authOf: unique symbol

/*
 * A guard states what it lets pass as the type of `res.locals[authOf]`. TypeScript infers the handlers' `LocalsObj` from the
 * guard, and the property below reads it back: no cast, no own handler type, Express 4 and 5 alike.
 */
declare module 'express-serve-static-core' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- merged declarations must have the same parameters
  interface Request<P, ResBody, ReqBody, ReqQuery, LocalsObj> {
    /** Set by `requireBearer()` and by the bearer strategy; absent on routes without a guard. */
    auth: string extends keyof LocalsObj
      ? Auth | undefined
      : LocalsObj extends { readonly [authOf]?: readonly [infer A] }
        ? A
        : Auth | undefined
  }
}
