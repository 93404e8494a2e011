import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** The properties of every interface in lib/, by the name of the interface. */
const interfaces = new Map<string, readonly string[]>()
for (const file of readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.ts')) continue
  const source = ts.createSourceFile(file, read(`lib/${file}`), ts.ScriptTarget.ES2022)
  for (const statement of source.statements.filter(ts.isInterfaceDeclaration)) {
    const names = statement.members.map((member) => member.name).filter((name) => name !== undefined)
    interfaces.set(
      statement.name.text,
      names.map((name) => name.getText(source)),
    )
  }
}

/** The rows of the first table below a heading, without head and rule. */
function rowsBelow(page: string, heading: string): string[][] {
  const text = read(page)
  const section = text.slice(text.indexOf(`\n${heading}\n`) + 1)
  const table = /(?:^\|.*\n)+/m.exec(section)?.[0] ?? ''
  const rows = table.trimEnd().split('\n').slice(2)
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** `[`code`](#code)` or `` `code` ``. */
const codeIn = (cell: string): string | undefined => /`(\w+)`/.exec(cell)?.[1]
const names = (rows: readonly string[][]): string[] => rows.map(([cell = '']) => cell.replaceAll('`', ''))

describe('the tables of the pages', () => {
  it('have every error code with its status', () => {
    const codes = [...read('lib/errors/oauth-error.ts').matchAll(/^ {2}(\w+): (\d{3}),$/gm)]
    expect(codes.length).toBeGreaterThan(0)
    const rows = rowsBelow('docs/errors.md', '## Error codes').map(([code = '', status = '']) => [codeIn(code), status])
    // Below its own status a code may have another one.
    const first = rows.filter(([code], index) => rows.findIndex(([other]) => other === code) === index)
    expect(first).toEqual(codes.map(([, code, status]) => [code, status]))
  })

  it('have a heading for every error code, to which `error_uri` can point', () => {
    const headings = [...read('docs/errors.md').matchAll(/^### `(\w+)`$/gm)].map(([, code]) => code)
    const codes = rowsBelow('docs/errors.md', '## Error codes').map(([code = '']) => codeIn(code))
    expect(headings).toEqual([...new Set(codes)])
  })

  it('have every type of event', () => {
    const sources = read('lib/telemetry/request-events.ts') + read('lib/telemetry/operator-events.ts')
    const types = [...sources.matchAll(/readonly type: '(\w+)'/g)].map(([, type]) => type)
    expect(types.length).toBeGreaterThan(0)
    expect(names(rowsBelow('docs/observability.md', '## Events')).sort()).toEqual(types.sort())
  })

  it('have every method of a TokenStore', () => {
    const methods = names(rowsBelow('docs/stores/your-own.md', '## The methods of a TokenStore')).flatMap((cell) =>
      cell.split(', '),
    )
    expect(methods.sort()).toEqual([...interfaces.get('TokenStore')!].sort())
  })
})
