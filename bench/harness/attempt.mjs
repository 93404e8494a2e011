import { note } from './progress.mjs'

/** A server that fails is told of and left out; the others go on. Answers whether it went well. */
export async function attempt(failures, server, action) {
  try {
    await action()
    return true
  } catch (error) {
    failures.push({ server, error: summaryOf(error.message) })
    note(`FAILED ${server}: ${summaryOf(error.message)}`)
    return false
  }
}

/** Throws if there was any answer that should not be. */
export function check({ unexpected }) {
  if (Object.keys(unexpected).length > 0) throw new Error(`unexpected answers: ${JSON.stringify(unexpected)}`)
}

/** Of all that a process wrote before it ended, the line with the error. */
function summaryOf(message) {
  const lines = message.split('\n').filter((line) => line.trim() !== '')
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0] ?? 'no reason was given'
}
