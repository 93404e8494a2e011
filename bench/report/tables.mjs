// What is made of the figures in Markdown: the short tables of docs/performance.md, the long ones of bench/results/README.md.
import { servers } from '../servers.mjs'
import { table as storesTable } from '../stores/table.mjs'
import { workloads } from '../workloads.mjs'
import { columnsOf } from './columns.mjs'

/** Name of a part of docs/performance.md → its text. */
export function partsOfPage(results, ofStores) {
  const newest = results.at(-1)
  return new Map([
    ['speed', speed(results)],
    ['standing', standing(results)],
    ['noise', noise(results)],
    ['machine', `${newest.date}; ${newest.machine}; Node.js ${results.map(({ node }) => node).join(' and ')}.`],
    ['logins', logins(results)],
    ['stores', storeRatios(ofStores)],
  ])
}

/** All figures. */
export function allTables(results, ofStores) {
  return `# All figures

Written by \`node bench/report/write.mjs\`. [docs/performance.md](../../docs/performance.md) has the conclusions, [bench/README.md](../README.md)
says how it is measured. "Ratio" compares with bare Express in the same round; it is the median of the rounds.

${results.map(tablesOf).join('\n\n')}

## Stores

${storesTable(ofStores)}
`
}

function tablesOf(result) {
  const { date, machine, loadBefore, node, versions, isPinned, effort, sections } = result
  const { OpenSSL, latchkey, ...packages } = versions
  const ceiling = sections.generator?.cells[0]
  return [
    `## Node.js ${node}`,
    [
      `${date}; ${machine}; load before it ${loadBefore}${isPinned ? '' : '; processes not pinned'}.`,
      `OpenSSL ${OpenSSL}, latchkey ${latchkey}; ${Object.entries(packages).map(join).join(', ')}.`,
      `${effort.rounds} rounds of ${effort.sampleSeconds} s.`,
      ...(ceiling ? [`The load generator alone reaches ${thousands(ceiling.perSecond)} requests/s.`] : []),
    ].join('\n'),
    ...[...workloads.filter(({ name }) => sections[name]), ...others.filter(({ name }) => sections[name])].flatMap(
      ({ name, title }) => [`### ${title} (Node.js ${node.split('.')[0]})`, section(name, sections[name])],
    ),
  ].join('\n\n')
}

const others = [
  { name: 'logins', title: 'Sign-ins by password' },
  { name: 'memory', title: 'Memory' },
  { name: 'startup', title: 'Start-up' },
]

function section(name, { cells, failures }) {
  const columns = columnsOf(name)
  const rows = cells.map((cell) => columns.map(({ text }) => text(cell)))
  const heads = columns.map(({ head }) => head)
  const missing = failures.map(({ server, error }) => `Not measured: ${server} (${error}).`)
  return [tableOf(heads, rows, (index) => columns[index].isText), ...missing].join('\n\n')
}

/** Requests a second per core on each Node.js, and the ratios of the newest one. */
function speed(results) {
  const newest = results.at(-1)
  const rows = workloads.map(({ name, title }) => {
    const ratioOf = (server) => ratioText(cellsOf(newest, name).find((cell) => cell.server === server)?.ratio.median)
    const best = bestPeer(newest, name)
    return [
      title,
      ...results.map((result) => {
        const perSecond = cellsOf(result, name).find(isLatchkey)?.perSecond.median
        return perSecond === undefined ? '–' : roundedThousands(perSecond)
      }),
      ...['crypto', 'latchkey', 'latchkey-front'].map(ratioOf),
      best ? `${ratioText(best.ratio.median)} ${best.title}` : '–',
    ]
  })
  const heads = ['no library', 'latchkey', 'in front of Express', 'fastest other package']
  return tableOf(['', ...results.map((result) => `requests/s, ${nameOf(result)}`), ...heads], rows)
}

/** Where other packages are faster, and where the difference is less than the noise. */
function standing(results) {
  const limit = quantile(halfWidths(results), 0.75)
  return results
    .map((result) => {
      const differences = workloads
        .map(({ name, title }) => ({
          title,
          ours: cellsOf(result, name).find(isLatchkey),
          best: bestPeer(result, name),
        }))
        .filter(({ ours, best }) => ours && best)
        .map(({ title, ours, best }) => ({ title, percent: 100 * (ours.ratio.median / best.ratio.median - 1) }))
      const [faster, slower] = [1, -1].map((sign) => differences.filter(({ percent }) => sign * percent > limit))
      const equal = differences.filter(({ percent }) => Math.abs(percent) <= limit)
      return [
        `- **${nameOf(result)}**, of ${differences.length} workloads: faster than the fastest other package in ${faster.length}`,
        `too close to tell in ${equal.length}${listed(equal)}`,
        `slower in ${slower.length}${listed(slower)}.`,
      ].join(', ')
    })
    .join('\n')
}

const listed = (some) => (some.length > 0 ? ` (${some.map(({ title }) => title).join('; ')})` : '')

function noise(results) {
  const halves = halfWidths(results)
  const above5 = Math.round((100 * halves.filter((half) => half > 5).length) / halves.length)
  return [
    `Half the width of the middle half of the rounds is ${Math.round(quantile(halves, 0.5))} % of the median in the typical row,`,
    `more than 5 % in ${above5} % of the ${halves.length} rows, and more than ${Math.round(quantile(halves, 0.9))} % in a tenth of them.`,
    `Read a difference of less than **${Math.round(quantile(halves, 0.75))} %** (the third quartile) as none.`,
  ].join('\n')
}

/** How far apart the rounds of each row lie: half of their interquartile range in percent of the median, sorted. */
function halfWidths(results) {
  return results
    .flatMap((result) => workloads.flatMap(({ name }) => cellsOf(result, name)))
    .filter(({ server }) => server !== 'bare')
    .map(({ ratio: { median, from, to } }) => (50 * (to - from)) / median)
    .sort((a, b) => a - b)
}

const quantile = (sorted, part) => sorted[Math.floor(part * (sorted.length - 1))]

function logins(results) {
  const compared = results[0].sections.logins.cells.filter(({ server }) => !server.startsWith('hash-alone'))
  const rows = compared.map(({ server, title }) => [
    title,
    ...results.flatMap((result) => {
      const cell = cellsOf(result, 'logins').find((one) => one.server === server)
      return cell ? [cell.perSecond.median.toFixed(1), milliseconds(cell.meanwhile.p99)] : ['–', '–']
    }),
  ])
  const heads = results.flatMap((result) => [`sign-ins/s, ${nameOf(result)}`, 'p99 of another route'])
  return tableOf(['', ...heads], rows)
}

function storeRatios({ cells }) {
  const operations = [...new Set(cells.map(({ operation }) => operation))]
  const rows = [...new Set(cells.map(({ store }) => store))].map((name) => [
    name,
    ...operations.map((operation) => {
      const cell = cells.find((one) => one.store === name && one.operation === operation)
      return `${thousands(cell.through.perSecond)} (${ratioText(cell.ratio.median)})`
    }),
  ])
  return tableOf(['operations/s (ratio)', ...operations], rows)
}

function bestPeer(result, name) {
  return cellsOf(result, name)
    .filter(({ server }) => !['bare', 'crypto'].includes(server) && !servers[server].isOurs)
    .toSorted((a, b) => b.ratio.median - a.ratio.median)[0]
}

function tableOf(heads, rows, isText = (index) => index === 0) {
  const line = (values) => `| ${values.join(' | ')} |`
  return [line(heads), line(heads.map((head, index) => (isText(index) ? '---' : '--:'))), ...rows.map(line)].join('\n')
}

const cellsOf = ({ sections }, name) => sections[name]?.cells ?? []
const isLatchkey = ({ server }) => server === 'latchkey'
const nameOf = ({ node }) => `Node.js ${node.split('.')[0]}`
const join = (entry) => entry.join(' ')
const ratioText = (number) => (number === undefined ? '–' : number.toFixed(2))
const milliseconds = (number) => `${number < 10 ? number.toFixed(1) : thousands(number)} ms`
const thousands = (number) => Math.round(number).toLocaleString('en')
/** Two digits are what the figures are good for. */
const roundedThousands = (number) => Number(number.toPrecision(2)).toLocaleString('en')
