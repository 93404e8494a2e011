const MAX_CHARACTERS = 100
const MAX_BYTES = 400

/** Whatever separates words or lines, however it is written. */
const spaces = /[\s\x85]+/gu
/**
 * What is not shown as itself: controls, halves of surrogate pairs, code points that are not assigned, and marks that are invisible or
 * turn the direction of the text around them.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Default_Ignorable_Code_Point}]/u
/** The invisible ones that belong to what is seen: joiners of Persian, of Indian scripts and of emoji, and variants of a character. */
const joining = /[\u200C\u200D\uFE00-\uFE0F\u{E0100}-\u{E01EF}]/u
const seen = /[\p{L}\p{N}\p{P}\p{S}\p{Co}]/u

/**
 * A free text of a client as it may be stored and shown: one line without controls, invisible marks and marks of direction, without
 * halves of characters, of at most 100 code points and 400 bytes of UTF-8, cut between two characters as a reader counts them.
 * `undefined` when nothing is left.
 */
export function clientText(text: string): string | undefined {
  const kept: string[] = []
  let bytes = 0
  // What is beyond is cut off anyway; one more tells whether the last character is whole.
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

/** All but the last character, which goes on beyond the limit; where that would leave nothing, as many code points as fit. */
function wholeCharacters(points: readonly string[]): string {
  const characters = [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(points.join(''))]
  const whole = characters.at(-1)?.index ?? 0
  return whole > 0 ? points.join('').slice(0, whole) : points.slice(0, -1).join('')
}
