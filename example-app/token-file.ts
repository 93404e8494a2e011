import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'

/** What a first-party app keeps of a sign-in: no name, no password. */
export interface SavedTokens {
  readonly accessToken: string
  readonly refreshToken: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/** Reads the saved tokens; `undefined` when there are none. */
export function readTokens(file: string): SavedTokens | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as SavedTokens
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Replaces the saved tokens in one step, for its owner only: after a crash there is the old pair or the new one, whole. */
export function saveTokens(file: string, tokens: SavedTokens): void {
  const draft = `${file}.new`
  rmSync(draft, { force: true })
  const descriptor = openSync(draft, 'wx', 0o600)
  try {
    writeSync(descriptor, JSON.stringify(tokens))
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(draft, file)
}

/** Forgets the saved tokens. */
export function removeTokens(file: string): void {
  rmSync(file, { force: true })
}
