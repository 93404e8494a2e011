/** HTML that is safe to send. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What may stand in a template. */
export type Part = Markup | string | number | false | undefined | readonly Part[]

/** Makes HTML from a template. What is put into it is escaped as text, unless it is markup itself. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(String.raw({ raw: strings }, ...parts.map(format)))
}

function format(part: Part): string {
  if (part instanceof Markup) return part.text
  if (typeof part === 'object') return part.map(format).join('')
  if (part === undefined || part === false) return ''
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
