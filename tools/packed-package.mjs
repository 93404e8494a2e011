// What the scripts share that try the package as its users get it: packed, installed from the registry, run by programs of theirs.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Where the projects lie. */
export const testFolder = join(root, 'test/package')

/** Packs dist/ as it was built last; returns a new folder that has the tarball in it, as `latchkey.tgz`. */
export async function packPackage() {
  const workspace = await mkdtemp(join(tmpdir(), 'latchkey-'))
  // Not built again: its prepack script would pull dist/ from under what runs beside this.
  const packed = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', workspace], root)
  const [{ filename }] = JSON.parse(packed)
  await rename(join(workspace, filename), join(workspace, 'latchkey.tgz'))
  return workspace
}

/** Copies folders of test/package into a new folder of the workspace, and installs what its package.json names. */
export async function installProject(workspace, name, folders, manifest) {
  const project = join(workspace, name)
  await mkdir(project)
  for (const folder of folders) await cp(join(testFolder, folder), project, { recursive: true })
  if (manifest) await writeFile(join(project, 'package.json'), JSON.stringify(manifest))
  const quietly = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error']
  await run('npm', ['install', '--prefer-offline', '--ignore-scripts', ...quietly], project)
  return project
}

/** Runs a program to its end and returns what it printed; throws with all that it printed when it fails. */
export async function run(program, parameters, cwd, { seconds = 300 } = {}) {
  try {
    const { stdout } = await promisify(execFile)(program, parameters, { cwd, timeout: seconds * 1000 })
    return stdout
  } catch (error) {
    const why = error.killed ? ` was ended after ${seconds} s` : ` failed`
    throw new Error(`${program} ${parameters.join(' ')}${why}:\n${error.stdout}${error.stderr}`, { cause: error })
  }
}

/** Prints `ok` or `not ok`, and how long it took; returns whether it worked. */
export async function report(title, work) {
  const start = performance.now()
  const failure = await work().then(
    () => undefined,
    (error) => error,
  )
  const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(6)
  console.log(`${failure ? 'not ok' : 'ok    '} ${seconds} s  ${title}`)
  if (failure) console.log(failure.message.replace(/^/gm, '    '))
  return failure === undefined
}
