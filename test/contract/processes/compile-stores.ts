import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const lib = join(root, 'lib')
const results = join(root, '.test-results')

/** A compiled copy of lib/, for processes that do not know TypeScript. */
export interface CompiledStores {
  /** The module `latchkey/stores/memory`, as a file name; so the others. */
  readonly memory: string
  readonly sqlite: string
  readonly postgres: string
  readonly mysql: string
  readonly redis: string
  readonly testing: string
  /** `lib/clients/clients.ts`. */
  readonly clients: string
  remove(): void
}

/** Compiles lib/ as it is now; by default into the repository, where better-sqlite3 is found. */
export function compileStores(parent: string = results): CompiledStores {
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'latchkey-stores-'))
  for (const file of readdirSync(lib, { recursive: true, encoding: 'utf8' })) {
    compile(join(lib, file), join(folder, file))
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  const store = (name: string) => join(folder, 'stores', name, 'index.js')
  return {
    memory: store('memory'),
    sqlite: store('sqlite'),
    postgres: store('postgres'),
    mysql: store('mysql'),
    redis: store('redis'),
    testing: join(folder, 'testing', 'index.js'),
    clients: join(folder, 'clients', 'clients.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function compile(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true })
  if (source.endsWith('.cjs')) copyFileSync(source, target)
  if (!source.endsWith('.ts')) return
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true }
  const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), { compilerOptions })
  writeFileSync(target.replace(/\.ts$/, '.js'), outputText)
}
