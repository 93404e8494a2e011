import { Console } from 'node:console'

let own: Console | undefined

/**
 * Writes to the standard error stream. By a console of our own, for Jest adds a stack to each line of the global one, and a bare stream
 * ends the process when whoever read it is gone.
 */
export function writeToStandardError(text: string): void {
  own ??= new Console(process.stderr)
  own.error(text)
}

/** Whether the standard error stream is a terminal that shows colors, and nobody asked for none (`NO_COLOR`). */
export function hasColors(): boolean {
  return process.stderr.isTTY && !process.env['NO_COLOR'] && process.stderr.hasColors()
}
