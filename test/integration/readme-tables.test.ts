import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { readme } from '../fixtures/readme-blocks.js'

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
function rowsBelow(heading: string): string[][] {
  const section = readme.slice(readme.indexOf(`\n${heading}\n`) + 1)
  const table = /(?:^\|.*\n)+/m.exec(section)?.[0] ?? ''
  const rows = table.trimEnd().split('\n').slice(2)
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const names = (rows: readonly string[][]): string[] => rows.map(([cell = '']) => cell.replaceAll('`', ''))

describe('the tables of README.md', () => {
  it('have every error code with its status', () => {
    const codes = [...read('lib/errors/oauth-error.ts').matchAll(/^ {2}(\w+): (\d{3}),$/gm)]
    expect(codes.length).toBeGreaterThan(0)
    const rows = rowsBelow('## Error answers').map(([code = '', status = '']) => [code.replaceAll('`', ''), status])
    // Below its own status a code may have another one.
    const first = rows.filter(([code], index) => rows.findIndex(([other]) => other === code) === index)
    expect(first).toEqual(codes.map(([, code, status]) => [code, status]))
  })

  it('have every type of event', () => {
    const sources = read('lib/telemetry/request-events.ts') + read('lib/telemetry/operator-events.ts')
    const types = [...sources.matchAll(/readonly type: '(\w+)'/g)].map(([, type]) => type)
    expect(types.length).toBeGreaterThan(0)
    expect(names(rowsBelow('## Events')).sort()).toEqual(types.sort())
  })

  it('have every method of a TokenStore', () => {
    const methods = names(rowsBelow('## Your users, your stores')).flatMap((cell) => cell.split(', '))
    expect(methods.sort()).toEqual([...interfaces.get('TokenStore')!].sort())
  })
})
