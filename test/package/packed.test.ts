import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { beforeAll, describe, expect, it } from 'vitest'
import { installInto, packPackage, type PackedPackage, run } from './packed-package.js'

const require = createRequire(import.meta.url)
const tsc = require.resolve('typescript/lib/tsc.js')
const attw = require.resolve('@arethetypeswrong/cli/package.json').replace(/package\.json$/, 'dist/index.js')

const expressVersions: { express: string; aliases: Record<string, string> }[] = [
  {
    express: 'Express 4',
    aliases: {
      express: 'express4',
      '@types/express': '@types/express4',
      '@types/express-serve-static-core': '@types/express4/node_modules/@types/express-serve-static-core',
    },
  },
  { express: 'Express 5', aliases: {} },
]

let packed: PackedPackage

beforeAll(() => {
  packed = packPackage()
  return () => {
    rmSync(packed.workspace, { recursive: true })
  }
})

describe('the packed package', () => {
  const answers = {
    token: { status: 200, body: { token_type: 'Bearer', expires_in: 3600, scope: 'orders:read' } },
    orders: { status: 200, ofClient: true },
    ordersWithoutToken: 401,
  }

  it.each(expressVersions)('serves and guards in a CommonJS app on $express', ({ aliases }) => {
    const project = installInto('commonjs', packed, aliases)
    expect(JSON.parse(run(process.execPath, ['server.js'], project))).toEqual(answers)
  })

  it.each(expressVersions)('compiles, serves and guards in a strict TypeScript app on $express', ({ aliases }) => {
    const project = installInto('typescript', packed, aliases)
    expect(run(process.execPath, [tsc, '--project', '.'], project)).toBe('')
    expect(JSON.parse(run(process.execPath, ['dist/server.js'], project))).toEqual(answers)
  })

  it('loads only what a server uses: jsonwebtoken with the first HS256 key, and no driver and no metrics', () => {
    const project = installInto('commonjs', packed, expressVersions[1]?.aliases)
    expect(JSON.parse(run(process.execPath, ['loaded.js'], project))).toEqual({
      atStart: ['latchkey', 'passport-http', 'passport-http-bearer', 'passport-strategy'],
      forHs256: expect.arrayContaining(['jsonwebtoken']) as string[],
      isSigned: true,
    })
  })

  it('exports the same names to import and to require, from every subpath', () => {
    const project = installInto('all-subpaths', packed)
    const names = JSON.parse(run(process.execPath, ['names.mjs'], project)) as Record<string, Record<string, string[]>>
    const subpaths = Object.keys(packed.manifest.exports ?? {}).filter((subpath) => subpath !== './package.json')
    expect(Object.keys(names)).toEqual(subpaths)
    for (const { imported, required } of Object.values(names)) {
      expect(imported).not.toEqual([])
      expect(required).toEqual(imported)
    }
  })

  it('holds what was built and its documents, in less than 2 MB and 300 files (F18)', () => {
    const documents =
      /^(?:docs\/(?:stores\/)?[\w-]+\.md|docs\/store-template\/.+|(?:CHANGELOG|README|SECURITY)\.md|LICENSE)$/
    const strays = packed.files.filter((file) => !/^(?:dist\/|package\.json$)/.test(file) && !documents.test(file))
    expect(strays).toEqual([])
    expect(packed.files.length).toBeLessThan(300)
    const sizes = packed.files.map((file) => statSync(join(packed.folder, file)).size)
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(2_000_000)
  })

  it('has source maps that name lines of lib/ in one of its builds, and none of declarations (F18)', () => {
    const maps = packed.files.filter((file) => file.endsWith('.map'))
    expect(maps.length).toBeGreaterThan(10)
    expect(maps.filter((file) => !/^dist\/esm\/.*\.js\.map$/.test(file))).toEqual([])
    const project = installInto('all-subpaths', packed)
    const program =
      "import { createClient } from 'latchkey'; try { createClient({}) } catch (error) { console.log(error.stack) }"
    const stack = run(process.execPath, ['--enable-source-maps', '--input-type=module', '--eval', program], project)
    expect(stack).toMatch(/^ {4}at createClient \(.*[\\/]lib[\\/]clients[\\/]create-client\.ts:\d+:\d+\)$/m)
  })

  it('has everything that its README and its other pages link to (F2)', () => {
    const links = packed.files
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) => {
        const text = readFileSync(join(packed.folder, file), 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '')
        return [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link]) => [file, link!] as const)
      })
    const relative = links.filter(([, link]) => !/^[a-z]+:/.test(link))
    expect(relative.length).toBeGreaterThan(50)
    expect(relative.filter(([file, link]) => !existsSync(join(packed.folder, dirname(file), link)))).toEqual([])
  })

  it('passes publint', async () => {
    const { buffer } = new Uint8Array(readFileSync(packed.tarball))
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true })
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
  })

  it('has types that fit its code, for import and for require', () => {
    // It fails by itself on any problem, also with the old resolution, which reads `typesVersions` and not `exports`.
    const parameters = ['--format', 'ascii', '--no-color', '--no-emoji']
    const report = run(process.execPath, [attw, packed.tarball, ...parameters], packed.workspace)
    const specifiers = Object.keys(packed.manifest.exports ?? {}).map((subpath) => subpath.replace('.', 'latchkey'))
    for (const specifier of specifiers) expect(report).toContain(`"${specifier}"`)
  })
})
