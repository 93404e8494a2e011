import type {} from 'express-serve-static-core'
import type { Auth } from '../bearer/auth.js'

/** Carries the type of `req.auth` from a guard to the handlers after it. Exists for the compiler only. */
export declare const authOf: unique symbol

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the one by which the types of Express are extended
  namespace Express {
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- declared, so that members of other packages can be found
    interface Request {}
    /**
     * For the application: the types that other packages put into `req.auth` on routes without a guard of latchkey, under any names. Needed
     * if another package also extends `Request` with `auth`.
     */
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- to be extended
    interface OtherAuth {}
  }
}

/** The type of `req.auth` that another package declares; `unknown` if none does. An interface may only narrow an inherited member. */
export type InheritedAuth = Express.Request extends { auth?: infer Inherited } ? Inherited : unknown

/** The type of `req.auth` on a route without a guard. */
// eslint-disable-next-line @typescript-eslint/no-redundant-type-constituents -- `never` only until something is added
export type UnguardedAuth = Auth | Express.OtherAuth[keyof Express.OtherAuth] | undefined

/*
 * A guard states what it lets pass as the type of `res.locals[authOf]`. TypeScript infers the handlers' `LocalsObj` from the
 * guard, and the property below reads it back: no cast, no own handler type, Express 4 and 5 alike.
 */
// eslint-disable-next-line @typescript-eslint/ban-ts-comment -- it must reach the published declarations, as only a doc comment does
/** @ts-ignore Without Express there are no such types to be found, and none are needed. */
declare module 'express-serve-static-core' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- merged declarations must have the same parameters
  interface Request<P, ResBody, ReqBody, ReqQuery, LocalsObj> {
    /** Set by `requireBearer()` and by the bearer strategy; absent on routes without a guard. */
    // eslint-disable-next-line @typescript-eslint/no-redundant-type-constituents -- `unknown` only where nobody else says anything
    auth: InheritedAuth &
      (string extends keyof LocalsObj
        ? UnguardedAuth
        : LocalsObj extends { readonly [authOf]?: readonly [infer A] }
          ? A
          : UnguardedAuth)
  }
}
