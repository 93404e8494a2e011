import type { KeyObject } from 'node:crypto'
import type jsonwebtoken from 'jsonwebtoken'
import type { JwtHeader } from 'jsonwebtoken'
import type { MaybePromise } from '../time/maybe-promise.js'

// Only HS256 needs `jsonwebtoken`, and loading it takes as long as loading the rest of this package. So it is loaded with the first HS256 key.
let loaded: typeof jsonwebtoken | undefined
let loading: Promise<typeof jsonwebtoken> | undefined

/** Begins to load `jsonwebtoken`, so that the first token need not wait for it. */
export function prepareHs256(): void {
  // A failure is reported by the first token.
  load().catch(() => undefined)
}

/** Makes a JWT. */
export function signHs256(
  secret: KeyObject,
  header: JwtHeader,
  claims: Readonly<Record<string, unknown>>,
): MaybePromise<string> {
  return withLibrary(({ sign }) => sign(claims, secret, { header, noTimestamp: !('iat' in claims) }))
}

/** Returns whether the signature of a JWT is by this secret. Judges no times: they are judged with the other claims, by one clock. */
export function isHs256(token: string, secret: KeyObject): MaybePromise<boolean> {
  return withLibrary(({ verify }) => {
    try {
      verify(token, secret, { algorithms: ['HS256'], ignoreExpiration: true, ignoreNotBefore: true })
      return true
    } catch {
      return false
    }
  })
}

function withLibrary<Result>(use: (library: typeof jsonwebtoken) => Result): MaybePromise<Result> {
  return loaded === undefined ? load().then(use) : use(loaded)
}

function load(): Promise<typeof jsonwebtoken> {
  return (loading ??= import('jsonwebtoken').then((module) => (loaded = module.default)))
}
