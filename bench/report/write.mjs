// Writes the charts and the long tables into bench/results, and the short tables of docs/performance.md between their markers: all of it is
// made of nothing but bench/results/*.json.
//
//   node bench/report/write.mjs
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { chartsOf, storesChart } from './charts.mjs'
import { allTables, partsOfPage } from './tables.mjs'

const results = new URL('../results/', import.meta.url)
const page = new URL('../../docs/performance.md', import.meta.url)

export async function writeReport() {
  const names = (await readdir(results)).filter((name) => /^node-\d+\.json$/.test(name)).sort()
  const measured = await Promise.all(names.map(read))
  const ofStores = await read('stores.json')
  const charts = Object.assign({ 'stores.svg': storesChart(ofStores) }, ...measured.map(chartsOf))
  for (const [name, svg] of Object.entries(charts)) await writeFile(new URL(name, results), svg)
  await writeFile(new URL('README.md', results), allTables(measured, ofStores))

  const parts = partsOfPage(measured, ofStores)
  const text = await readFile(page, 'utf8')
  const markers = /(<!-- figures: ([\w -]+) -->\n)[^]*?(<!-- end of figures -->)/g
  const filled = text.replace(
    markers,
    (all, begin, name, end) => `${begin}${parts.get(name) ?? 'Not measured yet.'}\n${end}`,
  )
  await writeFile(page, filled)
}

async function read(name) {
  return JSON.parse(await readFile(new URL(name, results)))
}

if (process.argv[1] === import.meta.filename) await writeReport()
