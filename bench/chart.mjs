// Draws the figures of the stores as bars: how much of its bare driver each store reaches, for each operation.
//
//   node bench/chart.mjs bench/results/stores.json bench/results/stores.svg
import { readFile, writeFile } from 'node:fs/promises'

const [from, to] = process.argv.slice(2)
if (to === undefined) {
  console.error('usage: node bench/chart.mjs <figures.json> <chart.svg>')
  process.exit(2)
}

const [label, unit, end, line, gap] = [180, 360, 1.5, 16, 14]
const operations = ['client credentials', 'verify', 'sign-in', 'refresh']

const figures = JSON.parse(await readFile(from))
await writeFile(to, chart([...groups(figures.cells)]))

function groups(all) {
  const stores = new Map(all.map(({ store }) => [store, []]))
  for (const cell of all) stores.get(cell.store).push(cell)
  return stores
}

function chart(stores) {
  const groupHeight = operations.length * line + gap
  const height = 62 + stores.length * groupHeight
  const width = label + unit * end + 20
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img"
  aria-label="Throughput of each store as a share of its bare driver">
<style>
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .store { font-weight: 600 }
  .axis { stroke: #8c959f; stroke-dasharray: 3 3 }
  .spread { stroke: #57606a }
  .o0 { fill: #0969da } .o1 { fill: #1a7f37 } .o2 { fill: #9a6700 } .o3 { fill: #8250df }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .axis { stroke: #6e7681 } .spread { stroke: #c9d1d9 }
    .o0 { fill: #4493f8 } .o1 { fill: #3fb950 } .o2 { fill: #d29922 } .o3 { fill: #ab7df8 }
  }
</style>
${legend()}
${stores.map(([store, ofStore], index) => group(store, ofStore, 46 + index * groupHeight)).join('\n')}
${axis(height)}
</svg>
`
}

function legend() {
  return operations
    .map((operation, index) => {
      const x = label + index * 140
      return `<rect class="o${index}" x="${x}" y="8" width="10" height="10"/><text x="${x + 15}" y="18">${operation}</text>`
    })
    .join('\n')
}

function group(store, cells, top) {
  const name = `<text class="store" x="0" y="${top + 12}">${store}</text>`
  return [name, ...cells.map((cell, index) => bar(cell, top + index * line))].join('\n')
}

/** A bar, a line for the middle half of the rounds, and the figure inside: what is longer than the chart is cut off. */
function bar({ operation, ratio }, y) {
  const x = (value) => (label + Math.min(value, end) * unit).toFixed(1)
  const middle = y + line / 2 - 1
  return [
    `<rect class="o${operations.indexOf(operation)}" x="${label}" y="${y}" width="${(x(ratio.median) - label).toFixed(1)}" height="${line - 3}"/>`,
    `<line class="spread" x1="${x(ratio.from)}" x2="${x(ratio.to)}" y1="${middle}" y2="${middle}"/>`,
    `<text x="${label - 34}" y="${y + 11}">${ratio.median.toFixed(2)}</text>`,
  ].join('')
}

function axis(height) {
  return [0.5, 0.85, 1]
    .map((value) => {
      const x = label + value * unit
      return `<line class="axis" x1="${x}" x2="${x}" y1="28" y2="${height - 18}"/><text x="${x - 12}" y="${height - 4}">${value}</text>`
    })
    .join('\n')
}
