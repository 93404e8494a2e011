import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { slug } from '../../docs/.vitepress/slug.mjs'
import { docPages, otherDocuments, readText } from '../fixtures/doc-blocks.js'

const root = join(import.meta.dirname, '../..')

describe('the links', () => {
  it.each([...docPages(), ...otherDocuments()])('of %s lead somewhere', (file) => {
    const links = [...withoutCode(readText(file)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => to)
    expect(links.filter((to) => !/^(?:https?|mailto):/.test(to) && !leadsSomewhere(file, to))).toEqual([])
  })
})

function leadsSomewhere(from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const to = path === '' ? from : join(dirname(from), path)
  return existsSync(join(root, to)) && (anchor === undefined || anchorsOf(to).has(anchor))
}

/** A heading that a page has twice gets a number. */
function anchorsOf(file: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of withoutCode(readText(file)).matchAll(/^#+ (.*)$/gm)) {
    const anchor = slug(heading)
    let number = 0
    while (anchors.has(number === 0 ? anchor : `${anchor}-${number}`)) number += 1
    anchors.add(number === 0 ? anchor : `${anchor}-${number}`)
  }
  return anchors
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '')
}
