const MAX_LENGTH = 256
const notPrintable = /[^\x20-\x7E]/

/**
 * Returns a text that is safe in one line of a log. Anything but printable ASCII (line breaks, terminal escapes, marks that turn the
 * direction of text) becomes `\uXXXX`, and a text longer than `maxLength` is cut and ends with `...`. The result cannot be decoded:
 * something that looks like an escape may have been in the text.
 */
export function logText(text: string, maxLength: number = MAX_LENGTH): string {
  if (text.length <= maxLength && !notPrintable.test(text)) return text
  const escaped = text.slice(0, maxLength + 1).replace(/[^\x20-\x7E]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
  if (escaped.length <= maxLength) return escaped
  return `${escaped.slice(0, maxLength - 3).replace(/\\(?:u[0-9a-f]{0,3})?$/, '')}...`
}

/** The first characters of a secret are always hidden: a message that was cut may end with them. */
const BEGINNING_LENGTH = 6
/** A shorter text is part of too many messages to be treated as a secret. */
const LEAST_LENGTH = 3
/** Any other part of a secret is hidden if it is this long; a shorter one is often an ordinary word. */
const PART_LENGTH = 12
const LONGEST_TEXT = 16_384
const hidden = '[redacted]'

/** Finds the values that messages of Node and of drivers quote. They are hidden even if they are not known to be secret. */
const quotedValues: readonly RegExp[] = [
  // Node: ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE; V8: JSON.parse.
  /(?<=\. Received )(?!undefined|null)[^]*?(?=\n\s+at |$)/g,
  /(?<=JSON[^"]*, |Unexpected token .{1,4}, )\.{0,3}"[^]*?"\.{0,3}(?= is not valid JSON)/g,
  // PostgreSQL; MySQL and MariaDB for a value, a key and a statement.
  /(?<=invalid input (?:syntax|value) for [^:\n]{1,80}: )"[^]*?"(?=$|\n)/g,
  /(?<=(?:[Dd]uplicate entry|[Vv]alue:?|near) )'[^]*?'(?= for | at line |$|\n)/g,
  // A connection string.
  /(?<=\/\/)[^\s/@'"]+(?=@)/g,
]

/**
 * Removes secrets from a text, ignoring case: each secret as a whole, its first six characters and what follows them, and any other part
 * of twelve characters or more. A secret of three to five characters is removed where it is a word of its own; a shorter one stays. Values
 * that Node and drivers quote are removed as well. A text of more than 16,384 characters is cut.
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

/** Returns the text in lower case, unless that would move its characters. */
function fold(text: string): string {
  const lower = text.toLowerCase()
  return lower.length === text.length ? lower : text
}

/** Returns each part of a text with the positions where it begins. */
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
    // Each part is looked up once: for a long secret of one repeated character, the work would be its length times that of the text.
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
