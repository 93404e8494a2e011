import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const hashOfCorrectHorse = '$2b$10$abcdefghijklmnopqrstuu23JPZtHcGhwXSF41f93o/7vBdDut3Xu'
const repository = fileURLToPath(new URL('../../..', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'latchkey-'))

/** Writes lib/passwords and what it imports as one build would have them; the worker file is copied as it is. */
function transpileTo(format: 'esm' | 'cjs'): void {
  for (const folder of ['passwords', 'checks', 'protocol', 'time', 'errors']) {
    const source = join(repository, 'lib', folder)
    const target = join(root, format, folder)
    mkdirSync(target, { recursive: true })
    for (const name of readdirSync(source)) {
      if (name.endsWith('.cjs')) cpSync(join(source, name), join(target, name))
      if (!name.endsWith('.ts')) continue
      const { outputText } = ts.transpileModule(readFileSync(join(source, name), 'utf8'), {
        compilerOptions: {
          module: format === 'esm' ? ts.ModuleKind.ESNext : ts.ModuleKind.CommonJS,
          target: ts.ScriptTarget.ES2022,
        },
      })
      writeFileSync(join(target, name.replace(/ts$/, 'js')), outputText)
    }
  }
  writeFileSync(join(root, format, 'package.json'), JSON.stringify({ type: format === 'esm' ? 'module' : 'commonjs' }))
}

/** Runs a program of its own with `bcryptHasher` in scope; what it printed, once it has ended by itself. */
async function run(format: 'esm' | 'cjs', program: string): Promise<string> {
  const file = join(root, format, 'program.js')
  const load =
    format === 'esm'
      ? "import { bcryptHasher } from './passwords/bcrypt-hasher.js'"
      : "const { bcryptHasher } = require('./passwords/bcrypt-hasher.js')"
  writeFileSync(file, `${load}\n${program}`)
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 120_000 })
  return stdout
}

describe.each(['esm', 'cjs'] as const)('bcryptHasher in a process of its own (%s)', (format) => {
  beforeAll(() => {
    transpileTo(format)
    symlinkSync(join(repository, 'node_modules'), join(root, format, 'node_modules'))
  })

  afterAll(() => {
    rmSync(join(root, format), { recursive: true })
  })

  it('keeps the process alive for pending work and lets it end when idle', async () => {
    const stdout = await run(
      format,
      `const hasher = bcryptHasher({ workers: 1 })
       const verify = () => hasher.verify('correct horse', '${hashOfCorrectHorse}')
       // Nothing else keeps the process alive: each line is printed only if the worker does.
       verify().then((first) => {
         console.log('first', first)
         setTimeout(() => {
           verify().then((second) => console.log('second', second))
           verify().then((third) => console.log('third', third))
         }, 20)
       })`,
    )

    expect(stdout).toBe('first true\nsecond true\nthird true\n')
  })

  it('starts no thread before the first password', async () => {
    const stdout = await run(
      format,
      `const before = process.getActiveResourcesInfo().length
       bcryptHasher()
       console.log(process.getActiveResourcesInfo().length - before)`,
    )

    expect(stdout).toBe('0\n')
  })
})

afterAll(() => {
  rmSync(root, { recursive: true })
})
