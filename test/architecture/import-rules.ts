import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import ts from 'typescript'

/** The sources of a tree such as lib/, by path relative to its root, with forward slashes. */
export type SourceTree = ReadonlyMap<string, string>

/** What may import what. A layer is a file in the root of the tree, or a folder. */
export interface ImportRules {
  /** Upper before lower: a layer imports from the ones below it. Layers in one row know nothing of each other. */
  readonly order: readonly (readonly string[])[]
  /** Layers that may import these and no others, wherever they stand. One that `order` does not name is imported by none. */
  readonly confined: Readonly<Record<string, readonly string[]>>
  /** Packages, each with the layers that may import it. Modules of Node are open to all. */
  readonly packages: Readonly<Record<string, readonly string[]>>
}

/** Finds every import that breaks a rule; each breach names the file, the import and the rule. */
export function findImportBreaches(tree: SourceTree, rules: ImportRules): string[] {
  const edges = [...tree].flatMap(([file, text]) => importsOf(file, text).map((specifier) => ({ file, specifier })))
  return [
    ...[...tree.keys()].flatMap((file) =>
      layerOf(file, rules) === undefined ? [`${file}: no layer has this name`] : [],
    ),
    ...edges.flatMap(({ file, specifier }) => {
      const broken = brokenRule(file, specifier, tree, rules)
      return broken === undefined ? [] : [`${file} imports '${specifier}': ${broken}`]
    }),
  ]
}

/** Finds the circles of files that import each other, types included; each one as `a → b → a`. */
export function findImportCycles(tree: SourceTree): string[] {
  const cycles: string[] = []
  const done = new Set<string>()
  for (const file of tree.keys()) visit(file, [])
  return cycles

  function visit(file: string, path: readonly string[]): void {
    const start = path.indexOf(file)
    if (start >= 0) cycles.push([...path.slice(start), file].join(' → '))
    if (start >= 0 || done.has(file)) return
    for (const specifier of importsOf(file, tree.get(file) ?? '')) {
      const target = resolveImport(file, specifier, tree)
      if (target !== undefined) visit(target, [...path, file])
    }
    done.add(file)
  }
}

/** Finds files and folders that are named after nothing, and so collect everything. */
export function findDrawers(tree: SourceTree): string[] {
  const drawer = /(?:^|\/)(?:helpers?|utils?|utilities|common|misc|types)(?:\.[^/]+)?(?:\/|$)/
  return [...tree.keys()].filter((file) => drawer.test(file))
}

function brokenRule(file: string, specifier: string, tree: SourceTree, rules: ImportRules): string | undefined {
  const layer = layerOf(file, rules)
  if (layer === undefined || isBuiltin(specifier)) return undefined
  if (!specifier.startsWith('.')) return brokenPackageRule(layer, specifier, rules)
  const target = resolveImport(file, specifier, tree)
  if (target === undefined) return 'there is no such file'
  const targetLayer = layerOf(target, rules)
  return targetLayer === undefined || targetLayer === layer ? undefined : brokenLayerRule(layer, targetLayer, rules)
}

function brokenPackageRule(layer: string, specifier: string, { packages }: ImportRules): string | undefined {
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier
  const allowed = Object.hasOwn(packages, name) ? packages[name] : undefined
  if (allowed === undefined) return 'no rule allows this package'
  return allowed.includes(layer) ? undefined : `only ${allowed.join(', ')} may import this package`
}

function brokenLayerRule(from: string, to: string, { order, confined }: ImportRules): string | undefined {
  const allowed = Object.hasOwn(confined, from) ? confined[from] : undefined
  if (allowed !== undefined) return allowed.includes(to) ? undefined : `${from} may import ${allowed.join(', ')} only`
  const rankOf = (layer: string): number => order.findIndex((row) => row.includes(layer))
  if (rankOf(to) === -1) return `${to} is an entry point of its own, which no other layer imports`
  if (rankOf(from) === rankOf(to)) return `${from} and ${to} know nothing of each other`
  return rankOf(from) < rankOf(to) ? undefined : `${to} stands above ${from}`
}

/** The longest layer name that covers the file: `stores/memory` before `stores`. */
function layerOf(file: string, { order, confined }: ImportRules): string | undefined {
  const module = file.replace(/(?:\.d)?\.[cm]?[jt]s$/, '')
  return [...order.flat(), ...Object.keys(confined)]
    .filter((layer) => module === layer || module.startsWith(`${layer}/`))
    .sort((a, b) => b.length - a.length)[0]
}

function importsOf(file: string, text: string): string[] {
  const requireCounts = /\.c?js$/.test(file)
  const { importedFiles } = ts.preProcessFile(text, true, requireCounts)
  return [...new Set(importedFiles.map(({ fileName }) => fileName))]
}

function resolveImport(file: string, specifier: string, tree: SourceTree): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  const path = posix.join(posix.dirname(file), specifier)
  return [path, path.replace(/\.js$/, '.ts'), path.replace(/\.cjs$/, '.cts')].find((candidate) => tree.has(candidate))
}
