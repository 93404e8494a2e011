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

/** What is cut off begins with the beginning of a secret: so many characters of one are never shown. */
const BEGINNING_LENGTH = 6
/** A text that is shorter than this stands in too many messages, and is no secret. */
const LEAST_LENGTH = 3
/** Any other part of a secret is hidden from so many characters on: fewer are often a word that an error may use. */
const PART_LENGTH = 12
const LONGEST_TEXT = 16_384
const hidden = '[redacted]'

/** What quotes a value in the messages of Node and of drivers, whether the value is known to be secret or not. */
const quotedValues: readonly RegExp[] = [
  // Node: ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE; V8: JSON.parse.
  /(?<=\. Received )(?!undefined|null)[^]*?(?=\n\s+at |$)/g,
  /(?<=JSON[^"]*, |Unexpected token .{1,4}, )\.{0,3}"[^]*?"\.{0,3}(?= is not valid JSON)/g,
  // PostgreSQL, and what MySQL and MariaDB say of a value, of a key, and of a statement.
  /(?<=invalid input (?:syntax|value) for [^:\n]{1,80}: )"[^]*?"(?=$|\n)/g,
  /(?<=(?:[Dd]uplicate entry|[Vv]alue:?|near) )'[^]*?'(?= for | at line |$|\n)/g,
  // A connection string.
  /(?<=\/\/)[^\s/@'"]+(?=@)/g,
]

/**
 * Removes secrets from a text, in any case: each of them, its first six characters with what follows of it, and any other part of twelve
 * characters or more. A secret of three to five characters is removed where it stands alone; a shorter one is no secret. Values that Node
 * and drivers quote are removed as well. A text of more than 16,384 characters is cut.
 */
export function redactText(text: string, secrets: readonly string[]): string {
  let redacted = hideSecrets(text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text, secrets)
  for (const quoted of quotedValues) redacted = redacted.replace(quoted, hidden)
  return redacted
}

function hideSecrets(text: string, secrets: readonly string[]): string {
  if (secrets.length === 0) return text
  const folded = fold(text)
  const marks = new Uint8Array(text.length)
  const parts = partsOf(folded)
  for (const secret of secrets) {
    const sought = fold(secret)
    if (secret.length < BEGINNING_LENGTH) {
      markAlone(marks, folded, sought)
    } else {
      markBeginnings(marks, folded, sought)
      markParts(marks, parts, sought)
    }
  }
  let redacted = ''
  let isHidden = false
  for (let i = 0; i < text.length; i++) {
    if (marks[i] === 0) redacted += text.charAt(i)
    else if (!isHidden) redacted += hidden
    isHidden = marks[i] === 1
  }
  return redacted
}

/** Lower case, but only where that leaves each character in its place. */
function fold(text: string): string {
  const lower = text.toLowerCase()
  return lower.length === text.length ? lower : text
}

/** Where each part of a text stands. */
function partsOf(text: string): Map<string, number[]> {
  const parts = new Map<string, number[]>()
  for (let i = 0; i + PART_LENGTH <= text.length; i++) {
    const part = text.slice(i, i + PART_LENGTH)
    const places = parts.get(part)
    if (places === undefined) parts.set(part, [i])
    else places.push(i)
  }
  return parts
}

function markParts(marks: Uint8Array, parts: Map<string, number[]>, secret: string): void {
  for (let i = 0; i + PART_LENGTH <= secret.length; i++) {
    const part = secret.slice(i, i + PART_LENGTH)
    for (const place of parts.get(part) ?? []) marks.fill(1, place, place + PART_LENGTH)
    // Once for each part: a long secret of one character would take its length times that of the text.
    parts.delete(part)
  }
}

function markBeginnings(marks: Uint8Array, text: string, secret: string): void {
  const beginning = secret.slice(0, BEGINNING_LENGTH)
  for (let at = text.indexOf(beginning); at !== -1;) {
    let end = at + BEGINNING_LENGTH
    while (end < text.length && end - at < secret.length && text[end] === secret[end - at]) end++
    marks.fill(1, at, end)
    at = text.indexOf(beginning, end)
  }
}

function markAlone(marks: Uint8Array, text: string, secret: string): void {
  if (secret.length < LEAST_LENGTH) return
  for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + secret.length)) {
    const end = at + secret.length
    if (!isAlphanumeric(text.charAt(at - 1)) && !isAlphanumeric(text.charAt(end))) marks.fill(1, at, end)
  }
}

function isAlphanumeric(character: string): boolean {
  return /^[\p{L}\p{N}]/u.test(character)
}
