import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** The members of a union of texts, as it is written. */
function membersOf(source: string, type: string): readonly string[] {
  const [, union = ''] = new RegExp(`export type ${type} =([^;]*?)\\n(?:\\n|$)`).exec(read(source)) ?? []
  return [...union.matchAll(/'(\w+)'/g)].map(([, member = '']) => member)
}

/** The first cells of the rows of the table under a heading, without its head. */
function rowsUnder(page: string, heading: string): readonly string[] {
  const [, section = ''] = read(page).split(new RegExp(`^#+ ${heading}\\n`, 'm'))
  const [table = ''] = section.split(/^#+ /m)
  return [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, code = '']) => code).filter((code) => code !== 'code')
}

describe('the tables of warnings', () => {
  it.each([
    ['docs/observability.md', 'Warnings', 'lib/telemetry/operator-events.ts', 'WarningCode', 'ClientWarningCode'],
    ['docs/security.md', 'Posture', 'lib/telemetry/operator-events.ts', 'PostureCode'],
  ])('%s, %s: a row for each code of %s', (page, heading, source, ...types) => {
    const codes = types.flatMap((type) => membersOf(source, type))
    expect(codes.length).toBeGreaterThan(4)
    expect(rowsUnder(page, heading)).toEqual(codes)
  })
})
