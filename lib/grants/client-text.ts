const MAX_CHARACTERS = 100
const MAX_BYTES = 400

/** Every separator of words or lines. */
const spaces = /[\s\x85]+/gu
/**
 * What has no visible form: controls, halves of surrogate pairs, unassigned code points, invisible marks, and marks that change the
 * direction of text.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Default_Ignorable_Code_Point}]/u
/** Invisible characters that shape visible ones: joiners of Persian, Indian scripts and emoji, and variation selectors. */
const joining = /[\u200C\u200D\uFE00-\uFE0F\u{E0100}-\u{E01EF}]/u
const seen = /[\p{L}\p{N}\p{P}\p{S}\p{Co}]/u

/**
 * Returns a client's free text in a form that can be stored and shown: one line without controls, invisible marks and direction marks, of at
 * most 100 code points and 400 bytes of UTF-8, cut between two characters as a reader counts them. `undefined` if nothing visible is left.
 */
export function clientText(text: string): string | undefined {
  const kept: string[] = []
  let bytes = 0
  // One code point more than fits shows whether the last character is whole.
  for (const point of visible(text)) {
    kept.push(point)
    bytes += Buffer.byteLength(point)
    if (kept.length > MAX_CHARACTERS || bytes > MAX_BYTES) break
  }
  const isCut = kept.length > MAX_CHARACTERS || bytes > MAX_BYTES
  const line = (isCut ? wholeCharacters(kept) : kept.join('')).trim()
  return seen.test(line) ? line : undefined
}

function* visible(text: string): Iterable<string> {
  let isFirst = true
  let hasSpace = false
  for (const point of text.replace(spaces, ' ')) {
    if (point === ' ') {
      hasSpace = true
    } else if (!unseen.test(point) || joining.test(point)) {
      if (hasSpace && !isFirst) yield ' '
      hasSpace = false
      isFirst = false
      yield point
    }
  }
}

/** Drops the last character, which is cut; if nothing would be left, returns as many code points as fit. */
function wholeCharacters(points: readonly string[]): string {
  const characters = [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(points.join(''))]
  const whole = characters.at(-1)?.index ?? 0
  return whole > 0 ? points.join('').slice(0, whole) : points.slice(0, -1).join('')
}
