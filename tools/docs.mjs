// Writes the generated pages of docs/ and builds the site into docs/.vitepress/dist, without a network. In CI a generated page that
// is committed is compared instead of written.
import { spawn } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { projectPages } from '../docs/.vitepress/links.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const isCi = Boolean(process.env.CI)

await step(isCi ? 'Compare docs/options.md' : 'Write docs/options.md', () =>
  run('vitest', 'run', 'test/integration/option-tables.test.ts', '--reporter=dot', ...(isCi ? [] : ['--update'])),
)
await step('Write the pages of the API', writeApi)
await step('Copy CHANGELOG.md, CONTRIBUTING.md and SECURITY.md', copyProjectPages)
await step('Build the site', () => run('vitepress', 'build', 'docs'))
console.log('docs: the site is in docs/.vitepress/dist; `npx vitepress preview docs` shows it')

async function step(name, work) {
  const begun = Date.now()
  try {
    await work()
  } catch (error) {
    console.error(`docs: ${name}: failed\n${error.message}`)
    process.exit(1)
  }
  console.log(`docs: ${name}: done in ${((Date.now() - begun) / 1000).toFixed(1)} s`)
}

/** Runs a program of node_modules. Its output is shown only if it fails. */
function run(program, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(`node_modules/.bin/${program}`, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const output = []
    child.stdout.on('data', (chunk) => output.push(chunk))
    child.stderr.on('data', (chunk) => output.push(chunk))
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${Buffer.concat(output)}\n${program} ended with ${code}`)),
    )
  })
}

async function writeApi() {
  const { exports } = JSON.parse(await readFile(`${root}package.json`, 'utf8'))
  const entries = Object.values(exports)
    .filter((target) => typeof target === 'object')
    .map((target) => target.import.default.replace('./dist/esm/', 'lib/').replace(/\.js$/, '.ts'))
  await rm(`${root}docs/api`, { recursive: true, force: true })
  await run('typedoc', ...entries)
}

async function copyProjectPages() {
  await rm(`${root}docs/project`, { recursive: true, force: true })
  await mkdir(`${root}docs/project`)
  for (const [file, page] of Object.entries(projectPages)) {
    if (!page.startsWith('project/')) continue
    const text = await readFile(`${root}${file}`, 'utf8').catch(() => undefined)
    if (text !== undefined) await writeFile(`${root}docs/${page}`, withLinksFrom(page, text))
  }
}

/** The links of a file of the root, as they are from a page of docs/. */
function withLinksFrom(page, text) {
  const folder = posix.join('docs', posix.dirname(page))
  return text.replaceAll(/\]\((?![a-z]+:|#)([^)\s]+)\)/g, (_, link) => `](${posix.relative(folder, link)})`)
}
