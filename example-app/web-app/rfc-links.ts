import { markup, type Part } from './markup.js'

/** Makes a link of each section of an RFC that a text names. */
export function rfcLinks(text: string): readonly Part[] {
  return text.split(/(RFC \d+ §[\d.]*\d)/).map((part) => {
    const [, rfc, section] = /^RFC (\d+) §(.+)$/.exec(part) ?? []
    return rfc ? markup`<a href="https://www.rfc-editor.org/rfc/rfc${rfc}#section-${section}">${part}</a>` : part
  })
}
