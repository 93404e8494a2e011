import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildExampleApp, ExampleShop, type ProgramRun } from '../fixtures/example-shop.js'

const root = join(import.meta.dirname, '../..')
const shops: ExampleShop[] = []

beforeAll(() => buildExampleApp())

afterAll(async () => {
  await Promise.all(shops.map((shop) => shop.remove()))
})

async function makeShop(environment: Readonly<Record<string, string>> = {}): Promise<ExampleShop> {
  const shop = await ExampleShop.make({ environment })
  shops.push(shop)
  return shop
}

describe('what the shop prints', () => {
  it('ends with the address and the accounts, which fit into a terminal of 24 lines', async () => {
    const shop = await makeShop()
    const lines = (await shop.start()).split('\n')
    const { users } = JSON.parse(shop.read('demo-secrets.json')) as { users: Record<string, string> }
    expect(lines.length).toBeLessThan(20)
    expect(lines.slice(-7)).toEqual([
      `Open ${shop.webUrl} and sign in as one of these:`,
      '',
      '  user name  password',
      `  alice      ${users['alice']!}  has two orders`,
      `  bob        ${users['bob']!}  has one order`,
      `  carol      ${users['carol']!}  is locked`,
      '',
    ])
    for (const line of lines.slice(-7)) expect(line.length).toBeLessThan(80)
  })

  it('names addresses at which something listens, with another HOST, too', async () => {
    const shop = await makeShop({ HOST: '127.0.0.2' })
    const printed = await shop.start()
    const addresses = [...printed.matchAll(/http:\/\/\S+/g)].map(([address]) => address)
    expect(addresses).toHaveLength(3)
    for (const address of addresses) {
      expect(new URL(address).hostname).toBe('127.0.0.2')
      expect((await fetch(address)).status).toBeLessThan(500)
    }
    expect((await shop.run('stock-sync.js', { SHOP_URL: undefined, STOCK_URL: undefined })).exitCode).toBe(0)
  })
})

describe('a shop that cannot start names the remedy', () => {
  const isNoFolder = join(root, 'package.json')

  it.each<[reason: string, environment: Readonly<Record<string, string>>, says: string]>([
    [
      'when no port is left for the others',
      { PORT: '65535', STOCK_PORT: '' },
      'PORT must be a whole number from 1 to 65533; it is "65535"',
    ],
    [
      'when SHOP_URL is not a URL',
      { SHOP_URL: 'nonsense' },
      'SHOP_URL must be an https URL, or an http URL of this machine such as http://127.0.0.1:3000; it is nonsense',
    ],
    [
      'when STOCK_URL has no scheme',
      { STOCK_URL: 'localhost:3001' },
      'STOCK_URL must be an https URL, or an http URL of this machine such as http://127.0.0.1:3000; it is localhost:3001',
    ],
    [
      'when the file cannot be written',
      { SHOP_DB: join(isNoFolder, 'shop.db') },
      `${join(isNoFolder, 'shop.db')} cannot be written (EEXIST). Set SHOP_DB to a file in another folder, for example SHOP_DB=/tmp/shop/shop.db`,
    ],
    [
      'when the file is not a database',
      { SHOP_DB: isNoFolder },
      `SHOP_DB: database: ${isNoFolder} is a file, but not a SQLite database. Name another one; it was left as it is`,
    ],
    [
      'when better-sqlite3 was built for another Node',
      // Every native module is refused as one for another Node is.
      { NODE_OPTIONS: '--require=./test/fixtures/refuse-native-modules.cjs' },
      `better-sqlite3 has no binary for Node ${process.versions.node}. Run: npm rebuild better-sqlite3`,
    ],
  ])('%s', async (_reason, environment, says) => {
    const shop = await makeShop()
    expect(await shop.run('server.js', environment)).toEqual({
      output: `The shop cannot start. ${says}\n`,
      exitCode: 1,
    })
  })

  it('when demo-secrets.json is cut off, or gone, and leaves no other one', async () => {
    const shop = await makeShop()
    await shop.start()
    await shop.stop()
    const file = join(shop.folder, 'demo-secrets.json')
    const whole = shop.read('demo-secrets.json')
    writeFileSync(file, whole.slice(0, 100))
    expect(await shop.run('server.js')).toEqual({
      output:
        `The shop cannot start. ${file} cannot be read, or is not complete: ` +
        `restore it, or begin again: delete ${shop.folder}/shop.db and this file\n`,
      exitCode: 1,
    })
    rmSync(file)
    expect(await shop.run('server.js')).toEqual({
      output:
        `The shop cannot start. ${file} is gone, without which the database cannot be used. ` +
        `Restore that file, or begin again: empty the database, and delete ${shop.folder}\n`,
      exitCode: 1,
    })
    expect(readdirSync(shop.folder)).toEqual(['shop.db'])
    writeFileSync(file, whole)
    expect(await shop.start()).toContain('is locked')
  })
})

describe('a program that is started by hand', () => {
  it.each(['stock-sync.js', 'rotate-signing-key.js', 'web-app/server.js'])(
    'needs the shop first: %s',
    async (program) => {
      const shop = await makeShop()
      expect(await shop.run(program)).toEqual({
        output: `There is no ${shop.folder}/demo-secrets.json yet: start the shop first\n`,
        exitCode: 1,
      })
    },
  )

  it('says that the shop is away: stock-sync.js', async () => {
    const shop = await makeShop()
    await shop.start()
    await shop.stop()
    const { output, exitCode } = await shop.run('stock-sync.js')
    expect(output).toContain(`stock-sync: No response from ${shop.url} (connect ECONNREFUSED`)
    expect(output).toContain('Is the shop running? Start it with npm start\n')
    expect(output).not.toMatch(/TypeError| at /)
    expect(exitCode).toBe(1)
  })
})

describe('npm start', () => {
  let folder: string
  const write = (file: string, content: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), content)
  }
  /** Files of before a minute, so that what is written now is newer. */
  const age = (...files: string[]): void => {
    const before = Date.now() / 1000 - 60
    for (const file of files) utimesSync(join(folder, file), before, before)
  }
  const start = async (...parameters: string[]): Promise<ProgramRun> => {
    const child = spawn(process.execPath, [...parameters, join(folder, 'example-app/start.mjs')])
    const [output, errors, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ])
    return { output: output + errors, exitCode }
  }

  // A small repository, whose build and compiler only write the files that are expected of them.
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-start-'))
    const touch = (file: string): string =>
      `import { mkdirSync, writeFileSync } from 'node:fs'; mkdirSync('${dirname(file)}', { recursive: true });` +
      `writeFileSync('${file}', 'console.log("started")')`
    write('package.json', '{"type":"module","exports":{".":{"import":{"types":"./dist/esm/index.d.ts"}}}}')
    write('package-lock.json', '{}')
    write('tsconfig.json', '{}')
    write('lib/index.ts', '')
    write('tools/build.mjs', `${touch('dist/esm/index.d.ts')};console.log('build')`)
    write('node_modules/typescript/lib/tsc.js', `${touch('example-app/dist/server.js')};console.log('tsc')`)
    write('example-app/tsconfig.json', '{}')
    write('example-app/server.ts', '')
    copyFileSync(join(root, 'example-app/start.mjs'), join(folder, 'example-app/start.mjs'))
    age('package.json', 'package-lock.json', 'tsconfig.json', 'lib/index.ts', 'lib', 'tools/build.mjs')
    age('example-app/tsconfig.json', 'example-app/server.ts')
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  it('says that it builds, and does so once', async () => {
    const output = 'Building (about 30 s)…\nbuild\ntsc\nstarted\n'
    expect(await start()).toEqual({ output, exitCode: 0 })
    expect(await start()).toEqual({ output: 'started\n', exitCode: 0 })
  })

  it('builds again what is older than its sources', async () => {
    await start()
    age('dist/esm/index.d.ts')
    write('lib/tokens/new.ts', '')
    expect((await start()).output).toBe('Building (about 30 s)…\nbuild\ntsc\nstarted\n')
    expect((await start()).output).toBe('started\n')

    age('dist/esm/index.d.ts')
    rmSync(join(folder, 'lib/tokens/new.ts'))
    expect((await start()).output).toContain('build\n')

    age('example-app/dist/server.js')
    write('example-app/server.ts', '// other')
    expect((await start()).output).toBe('Building (about 5 s)…\ntsc\nstarted\n')
  })

  it('does not start what could not be built', async () => {
    write('tools/build.mjs', `console.log('lib/index.ts is wrong'); process.exitCode = 2`)
    expect(await start()).toEqual({
      output:
        'Building (about 30 s)…\nlib/index.ts is wrong\nThe shop cannot start. The build failed: its messages stand above\n',
      exitCode: 1,
    })
  })

  it('asks for npm ci, and for another Node', async () => {
    const old = `Object.defineProperty(process,'versions',{value:{node:'18.20.8'}})`
    expect(await start('--import', `data:text/javascript,${old}`)).toEqual({
      output:
        'The shop cannot start. Node 18.20.8 cannot run it: install Node 20.19, 22.3 or later, then run npm ci && npm start\n',
      exitCode: 1,
    })
    rmSync(join(folder, 'node_modules'), { recursive: true })
    expect(await start()).toEqual({
      output: 'The shop cannot start. Its packages are not installed. Run: npm ci\n',
      exitCode: 1,
    })
  })
})
