/** Ids that are taken for the same by comparisons without regard to case, accents, width, invisible characters or spaces. */
export const similarIds: readonly string[] = [
  ...['app', 'APP', 'App', 'app ', ' app', 'app\t', 'app\u00A0', 'app\u200B', '\uFEFFapp', 'app.', 'ap'],
  // The first letter is Cyrillic; those of the second are of full width.
  ...['\u0430pp', '\uFF41\uFF50\uFF50'],
  // One character, or a letter and its accent.
  ...['\u00E9', 'e\u0301', 'e', '\u00C9'],
  ...['ss', '\u00DF', 'i', 'I', '\u0131', '\u0130', 'k', '\u212A', 'fi', '\uFB01'],
  // Beyond the first plane all characters are alike to some.
  ...['\u{1F600}', '\u{1F680}'],
  ...['1', '01', '1.0', '1e0', '+1', '0x1', 'true', 'null', 'undefined'],
  ...['__proto__', 'constructor', '%', '_', '*', '?', '[a]pp', '$id', '{id}', '\\', "'", '"'],
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
