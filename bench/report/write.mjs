// Charts in bench/results, and the figures in docs/performance.md between their markers; made of nothing but bench/results/*.json.
//
//   node bench/report/write.mjs
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { chartsOf, storesChart } from './charts.mjs'
import { partsOfOneNode, stores, summary } from './tables.mjs'

const results = new URL('../results/', import.meta.url)
const page = new URL('../../docs/performance.md', import.meta.url)

export async function writeReport() {
  const names = (await readdir(results)).filter((name) => /^node-\d+\.json$/.test(name)).sort()
  const measured = await Promise.all(names.map((name) => read(name)))
  const ofStores = await read('stores.json')
  const charts = Object.assign({ 'stores.svg': storesChart(ofStores) }, ...measured.map(chartsOf))
  for (const [name, svg] of Object.entries(charts)) await writeFile(new URL(name, results), svg)

  const parts = new Map([
    ['summary', summary(measured)],
    ['stores', stores(ofStores)],
    ...measured.flatMap((result) => partsOf(`node-${result.node.split('.')[0]}`, result)),
  ])
  const text = await readFile(page, 'utf8')
  const markers = /(<!-- figures: ([\w -]+) -->\n)[^]*?(\n<!-- end of figures -->)/g
  await writeFile(
    page,
    text.replace(markers, (all, begin, name, end) => `${begin}\n${parts.get(name) ?? 'Not measured yet.'}\n${end}`),
  )
}

const partsOf = (version, result) =>
  Object.entries(partsOfOneNode).map(([name, make]) => [`${name} ${version}`, make(result)])

async function read(name) {
  return JSON.parse(await readFile(new URL(name, results)))
}

if (process.argv[1] === import.meta.filename) await writeReport()
