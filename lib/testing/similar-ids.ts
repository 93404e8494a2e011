/** Ids that are taken for the same by comparisons without regard to case, accents, width, invisible characters or spaces. */
export const similarIds: readonly string[] = [
  ...['app', 'APP', 'app ', ' app', 'app\t', 'app\u00A0', 'app\u200B', '\uFEFFapp', 'ap'],
  // The first letter is Cyrillic; those of the second are of full width.
  ...['\u0430pp', '\uFF41\uFF50\uFF50'],
  // One character, and a letter with its accent.
  ...['\u00E9', 'e\u0301', 'e'],
  ...['ss', '\u00DF', 'i', 'I', '\u0131', 'k', '\u212A'],
  // Beyond the first plane all characters are alike to some.
  ...['\u{1F600}', '\u{1F680}'],
  ...['1', '01', '1.0', 'null', 'undefined'],
  ...['__proto__', '%', '_', '*', '[a]pp', '\\', "'"],
]

/** What an adapter may put between two ids that make one key. */
export const separators: readonly string[] = [
  ':',
  '::',
  '|',
  '/',
  ',',
  ';',
  '.',
  '-',
  '_',
  '#',
  ' ',
  '\n',
  '\\',
  '"',
  '\u001F',
]

/** 255 octets each, in two pairs that differ in the last octet alone. */
export const longIds: readonly string[] = ['i'.repeat(254), '\u00E9'.repeat(127)].flatMap((start) => [
  `${start}1`,
  `${start}2`,
])
