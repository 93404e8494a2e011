/** Letters that no normal form takes apart, with a stroke or in Insular script, and the plain ones that databases take them for. */
const plainLetters: ReadonlyMap<string, string> = new Map(
  ['øo', 'đd', 'ðd', 'ħh', 'łl', 'ŧt', 'ıi', 'ꝺd', 'ꝼf', 'ᵹg', 'ꞃr', 'ꞅs', 'ꞇt'].map((pair) => [
    pair.charAt(0),
    pair.charAt(1),
  ]),
)

/** Signs that some collation of MySQL or MariaDB ignores, besides marks and characters that cannot be seen. */
const ignoredSigns = '\u0640\u06DE\u07FA\u0824\u0828\u180A\u1CD3\u1CF2\u1CF3\uFE73\uFFFC'

const ignored = new RegExp(`[${ignoredSigns}\\p{Cf}\\p{Cc}\\p{Z}\\p{Default_Ignorable_Code_Point}\\s]`, 'gu')

/**
 * Folds a user name, so that all spellings that some user store may take for one name share a counter: otherwise more spellings would be
 * more guesses. Upper case, compatible forms, accents and other marks, digits of other scripts, spaces and invisible characters make no
 * difference. The rules were measured against the collations of MariaDB, the most lenient ones that are common.
 */
export function comparableName(username: string): string {
  return (
    username
      .normalize('NFKD')
      .replace(/(\p{Lo}?)(\p{M}+)/gu, withoutMarks)
      .replace(ignored, '')
      .toUpperCase()
      .toLowerCase()
      .replace(/(?![0-9])\p{Nd}/gu, asciiDigit)
      .replace(/[^\0-\x7F]/g, (letter) => plainLetters.get(letter) ?? letter)
      // `utf8mb4_general_ci` compares ß as one s where others make it two, and takes all characters above U+FFFF for one and the same.
      .replace(/s+/g, 's')
      .replace(/[\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
  )
}

/** Keeps the vowel signs that take up space, as those of Hindi do, behind letters of such a script: to databases they are letters. */
function withoutMarks(_found: string, base: string, marks: string): string {
  return base === '' ? '' : base + marks.replace(/[^\p{Mc}]/gu, '')
}

/** The digits of each script follow each other, from 0 to 9. */
function asciiDigit(digit: string): string {
  const codePoint = digit.codePointAt(0) ?? 0
  let value = 0
  while (value < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(codePoint - value - 1))) value += 1
  return String(value)
}
