import { inspect, types } from 'node:util'
import { logText } from '../errors/log-text.js'

const MAX_DEPTH = 8
const MAX_LENGTH = 1024

/** Returns an indented line for each error of a chain, the original error last; with or without stack frames. */
export function causeLines(thrown: unknown, withStacks: boolean): string {
  const lines: string[] = []
  const seen = new Set<unknown>()
  add(thrown, '', 0)
  return lines.map((line) => `\n  ${line}`).join('')

  function add(value: unknown, prefix: string, depth: number): void {
    if (depth === MAX_DEPTH || seen.has(value)) return
    if (typeof value === 'object') seen.add(value)
    lines.push(`${prefix}${logText(titleOf(value), MAX_LENGTH)}`)
    if (!isError(value)) return
    if (withStacks) lines.push(...framesOf(value))
    const { cause, errors } = value as { readonly cause?: unknown; readonly errors?: unknown }
    if (Array.isArray(errors)) for (const error of errors) add(error, 'with ', depth + 1)
    if (cause !== undefined) add(cause, 'caused by ', depth + 1)
  }
}

function titleOf(value: unknown): string {
  if (!isError(value)) return typeof value === 'string' ? value : inspect(value, { breakLength: Infinity, depth: 2 })
  const { name, message, code } = value as Error & { readonly code?: unknown }
  const title = message === '' ? name : `${name}: ${message}`
  return typeof code !== 'string' || title.includes(code) ? title : `${title} (${code})`
}

/** Returns the stack frames without those inside Node. */
function framesOf({ stack }: Error): string[] {
  if (typeof stack !== 'string') return []
  return stack
    .split('\n')
    .filter((line) => /^ +at \S/.test(line) && !line.includes('(node:internal/') && !line.includes('at node:internal/'))
    .map((line) => `  ${logText(line.trim(), MAX_LENGTH)}`)
}

/** Accepts errors of another realm as well, as in Jest. */
function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error
}
