import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** What the compiler has against a line. */
export interface TypeFault {
  /** Relative to the root of the repository. */
  readonly file: string
  /** The text of the line. */
  readonly line: string
  /** Such as `TS2322`. */
  readonly code: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const types4 = join(root, 'node_modules/@types/express4')

/** Where an app on Express 4 has its types. In ours they stand beside those of Express 5, under another name. */
const express4Paths = {
  express: [join(types4, 'index.d.ts')],
  'express-serve-static-core': [join(types4, 'node_modules/@types/express-serve-static-core/index.d.ts')],
}

/** Parsed once: most of what a program is made of are declarations that no program changes. */
const parsed = new Map<string, ts.SourceFile>()

/**
 * Compiles files of the repository, and all of `lib/` with them, against the types of one major of Express. A text takes the
 * place of its file, which then need not exist.
 */
export function compile(express: 4 | 5, files: ReadonlyMap<string, string | undefined>): TypeFault[] {
  const options = readOptions()
  if (express === 4) options.paths = { ...options.paths, ...express4Paths }
  const texts = new Map([...files].map(([file, text]) => [join(root, file), text]))
  const program = ts.createProgram([...texts.keys(), join(root, 'lib/index.ts')], options, hostWith(texts, options))
  const sources = program.getSourceFiles().filter(({ isDeclarationFile }) => !isDeclarationFile)
  return sources.flatMap((source) => ts.getPreEmitDiagnostics(program, source).map((found) => describe(source, found)))
}

function readOptions(): ts.CompilerOptions {
  const path = join(root, 'test/tsconfig.json')
  const config: unknown = ts.readConfigFile(path, (name) => ts.sys.readFile(name)).config
  return { ...ts.parseJsonConfigFileContent(config, ts.sys, dirname(path)).options, types: ['node'] }
}

function hostWith(texts: ReadonlyMap<string, string | undefined>, options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  return {
    ...host,
    fileExists: (path) => texts.has(path) || host.fileExists(path),
    readFile: (path) => texts.get(path) ?? host.readFile(path),
    getSourceFile(path, ...rest) {
      const text = texts.get(path)
      if (text !== undefined) return ts.createSourceFile(path, text, rest[0])
      const source = parsed.get(path) ?? host.getSourceFile(path, ...rest)
      if (source?.isDeclarationFile === true) parsed.set(path, source)
      return source
    },
  }
}

function describe(source: ts.SourceFile, { code, start = 0 }: ts.Diagnostic): TypeFault {
  const line = source.text.split('\n')[source.getLineAndCharacterOfPosition(start).line] ?? ''
  return { file: relative(root, source.fileName), line, code: `TS${code}` }
}
