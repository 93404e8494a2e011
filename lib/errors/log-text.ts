const MAX_LENGTH = 256
const notPrintable = /[^\x20-\x7E]/

/**
 * A text as it may stand in one line of a log: whatever is not printable ASCII (line breaks, escapes of a terminal, marks that
 * turn the direction of text) becomes `\uXXXX`, and what is longer than 256 characters, or `maxLength`, ends with `...`. For reading: what
 * looks like an escape may have been one from the start.
 */
export function logText(text: string, maxLength: number = MAX_LENGTH): string {
  if (text.length <= maxLength && !notPrintable.test(text)) return text
  const escaped = text.slice(0, maxLength + 1).replace(/[^\x20-\x7E]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  if (escaped.length <= maxLength) return escaped
  return `${escaped.slice(0, maxLength - 3).replace(/\\(?:u[0-9a-f]{0,3})?$/, '')}...`
}
