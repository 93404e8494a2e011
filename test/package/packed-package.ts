import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The package as a user gets it. */
export interface PackedPackage {
  /** The tarball. */
  readonly tarball: string
  /** The unpacked tarball. */
  readonly folder: string
  /** Paths of its files, relative to `folder`. */
  readonly files: readonly string[]
  readonly manifest: Manifest
  /** A temporary folder of its own; whoever packs removes it. */
  readonly workspace: string
}

/** The parts of a package.json that these tests read. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
const projects = fileURLToPath(new URL('projects', import.meta.url))

/** Packs the package as it was built last, and unpacks the tarball. */
export function packPackage(): PackedPackage {
  if (!existsSync(join(root, 'dist/esm/index.js')))
    throw new Error('There is no dist/ to pack: run `npm run build` first')
  const workspace = mkdtempSync(join(tmpdir(), 'latchkey-packed-'))
  // Not built again: its prepack script would pull dist/ from under the tests that run beside this one.
  const packed = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', workspace], root)
  const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }]
  const tarball = join(workspace, filename)
  run('tar', ['-xzf', tarball], workspace)
  const folder = join(workspace, 'package')
  return { tarball, folder, files: files.map(({ path }) => path), manifest: readManifest(folder), workspace }
}

/**
 * Makes a copy of a project from `projects/` with the packed package installed in it: the package itself unpacked, what it and
 * the project declare to depend on linked from our own node_modules. What nobody declares cannot be found, as at a user's.
 * `aliases` says which folder of our node_modules stands for one of theirs.
 */
export function installInto(
  project: string,
  { folder, manifest, workspace }: PackedPackage,
  aliases: Readonly<Record<string, string>> = {},
): string {
  const target = mkdtempSync(join(workspace, `${project}-`))
  cpSync(join(projects, project), target, { recursive: true })
  cpSync(folder, join(target, 'node_modules/latchkey'), { recursive: true })
  const own = readManifest(target)
  for (const name of Object.keys({ ...manifest.dependencies, ...own.dependencies, ...own.devDependencies })) link(name)
  return target

  function link(name: string): void {
    const path = join(target, 'node_modules', name)
    if (existsSync(path)) return
    const installed = join(root, 'node_modules', aliases[name] ?? name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(installed, path, 'junction')
    // npm lays packages flat. Types may count on that, to add to `express-serve-static-core`; code may not.
    if (isTypes(name))
      Object.keys(readManifest(installed).dependencies ?? {})
        .filter(isTypes)
        .forEach(link)
  }
}

/**
 * The same as pnpm without hoisting and Yarn's Plug'n'Play lay it out: the package finds what it names, as a dependency or as a peer
 * that the project has, and nothing else.
 */
export function installStrictly(project: string, packed: PackedPackage): string {
  const target = installInto(project, packed)
  const { dependencies, peerDependencies } = packed.manifest
  const store = join(target, '.store/latchkey/node_modules')
  mkdirSync(store, { recursive: true })
  renameSync(join(target, 'node_modules/latchkey'), join(store, 'latchkey'))
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    mkdirSync(dirname(join(store, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(store, name), 'junction')
  }
  symlinkSync(join(store, 'latchkey'), join(target, 'node_modules/latchkey'), 'junction')
  return target
}

/** Runs a command to its end and answers what it printed; throws with all it printed when it fails. */
export function run(command: string, parameters: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, parameters, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${command} ${parameters.join(' ')} failed:\n${stdout}${stderr}`, { cause: error })
  }
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

function isTypes(name: string): boolean {
  return name.startsWith('@types/')
}
