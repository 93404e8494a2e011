import { assertSame } from './rule-assertions.js'

/** Spellings that some comparisons take for the same. */
export function respelled(text: string): readonly string[] {
  const cases = [text.toUpperCase(), text.toLowerCase()]
  const spaces = [`${text} `, ` ${text}`, `${text}\u00A0`, `${text}\u200B`]
  const wide = text.replace(/[!-~]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0))
  const others = [text.normalize('NFC'), text.normalize('NFD'), wide, text.replaceAll('a', '\u0430')]
  return [...cases, ...spaces, ...others].filter((spelling) => spelling !== text)
}

/** Names of nobody, most of which are something else to a database, a directory or an object. */
export function namesOfNobody(username: string): readonly string[] {
  const shaped = ['', '%', '_', '*', '.*', `' OR '1'='1`, `x' OR 1=1 --`, '"; DROP TABLE users; --', '{"$ne":null}']
  const filters = [')(uid=*', '*)(uid=*']
  const object = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
  const longer = [`${username}%`, `${username}' --`, `${username})(uid=*`, username.slice(0, -1) + '_']
  const names = [...shaped, ...filters, ...object, ...longer, 'x'.repeat(10_000)]
  return names.filter((name) => name !== username)
}

/** Ids of nobody that some look-ups take for this one, or for all. */
export function idsOfNobody(userId: string): readonly string[] {
  return [`${userId}-`, `x${userId}`, '', '%', '__proto__', 'constructor', `' OR '1'='1`]
}

/** Fails unless nobody was found. */
export function assertNobody(found: unknown, asked: string): void {
  const rule = `${quoted(asked)} is nobody: undefined, not null, no exception, and no pattern or query in it.`
  assertSame(found, undefined, rule)
}

/** A name or an id as messages tell it. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}
