import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { typeErrors } from '../fixtures/checked-code.js'
import { blocksOf, docPages, examples, readText, type DocBlock } from '../fixtures/doc-blocks.js'

const root = join(import.meta.dirname, '../..')
const scripts = JSON.parse(readText('package.json')).scripts as Record<string, string>
const pages = docPages().filter((page) => blocksOf(page).length > 0)
const isCode = ({ language }: DocBlock): boolean => ['ts', 'js'].includes(language)
const shown = examples()
/** Blocks without a name are parts of files of the template: test/contract/store-template.test.ts compares them. */
const ofTheTemplate = ({ file, name }: DocBlock): boolean => file === 'docs/stores/your-own.md' && name === undefined
const errors = typeErrors(
  [...pages.flatMap(blocksOf), ...shown].filter((block) => isCode(block) && !block.unchecked && !ofTheTemplate(block)),
)

describe('the code of the pages', () => {
  it.each(pages)('of %s compiles', (page) => {
    expect(errors.get(page) ?? []).toEqual([])
  })

  it.each(pages)('of %s has a name once', (page) => {
    const names = blocksOf(page).flatMap(({ name }) => name ?? [])
    expect(names).toEqual([...new Set(names)])
  })

  it.each(pages)('of %s runs scripts and files that exist', (page) => {
    const blocks = blocksOf(page)
    const names = new Set(blocks.map(({ name }) => name))
    const lines = blocks.filter(({ language }) => language === 'sh').flatMap(({ code }) => code.split('\n'))
    const missing = lines.filter((line) => {
      const [, script] = /\bnpm run ([\w-]+)/.exec(line) ?? []
      const [, file] = /\b(?:node|bash) (?:--\S+ )*(?!-)([\w./-]+\.\w+)/.exec(line) ?? []
      return (
        (script !== undefined && !(script in scripts)) || (file !== undefined && !names.has(file) && !isThere(file))
      )
    })
    expect(missing).toEqual([])
  })
})

describe('the examples of the doc comments', () => {
  it.each([...new Set(shown.map(({ file }) => file))])('of %s compile', (file) => {
    expect(errors.get(file) ?? []).toEqual([])
  })
})

/** Whether a file is there, or the source that it is compiled from. `server.js` is the reader's own. */
function isThere(file: string): boolean {
  if (/^server\.[cm]?js$/.test(file)) return true
  return existsSync(join(root, file)) || existsSync(join(root, file.replace('/dist/', '/').replace(/\.js$/, '.ts')))
}
