import type { OAuthEvent } from 'latchkey'

/**
 * One mistake that somebody makes who writes JavaScript, and all that is said of it.
 *
 * To add rows, add a file in `test/unit/mistakes/` that exports a list of them, and name it in `test/unit/mistakes.test.ts`.
 */
export interface Mistake {
  /** What was written, as the title of the test: `grants: ['password']`. */
  readonly mistake: string
  /**
   * Makes it. Whatever it throws, or rejects with, counts; otherwise the warnings that reach `onEvent`, in the order in which they come.
   * What it opens it closes.
   */
  readonly make: (onEvent: (event: OAuthEvent) => void) => unknown
  /** The whole message of the error; of a warning, its code and its message: `weak_settings: …`. Several warnings: a list. */
  readonly says: string | readonly string[]
}

/** Makes a mistake, and returns all that is said of it. */
export async function whatIsSaidOf({ make }: Mistake): Promise<string | readonly string[]> {
  const warnings: string[] = []
  try {
    await make((event) => {
      if (event.type === 'warning') warnings.push(`${event.code}: ${event.message}`)
    })
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return warnings
}
