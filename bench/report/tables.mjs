// The parts of docs/performance.md that are made of figures, in Markdown.
import { servers } from '../servers.mjs'
import { table as storesTable } from '../stores/table.mjs'
import { workloads } from '../workloads.mjs'
import { isGuard } from './charts.mjs'
import { columnsOf } from './columns.mjs'

/** The columns of the tables of ratios; what a server does not do is a dash. */
const issuing = [
  'crypto',
  'latchkey',
  'latchkey-front',
  'latchkey-http',
  'node-oauth',
  'oauth2orize',
  'jmondi',
  'oidc-provider',
]
const guarding = [
  ...['crypto', 'latchkey', 'latchkey-resource', 'node-oauth', 'passport-http-bearer'],
  ...['express-jwt', 'passport-jwt', 'express-oauth2-jwt-bearer'],
]
const limits = new Set(['bare', 'crypto'])

/** Name of the part → a function that makes it of the figures of one Node.js. */
export const partsOfOneNode = {
  environment: ({ date, machine, loadBefore, node, versions, isPinned, effort, sections }) => {
    const [ceiling] = sections.generator?.cells ?? []
    const { OpenSSL, latchkey, ...packages } = versions
    return [
      `${date}; ${machine}; load before it ${loadBefore}${isPinned ? '' : '; processes not pinned'}.`,
      `Node.js ${node} with OpenSSL ${OpenSSL}, latchkey ${latchkey};`,
      `${Object.entries(packages)
        .map((entry) => entry.join(' '))
        .join(', ')}.`,
      `${effort.rounds} rounds of ${effort.sampleSeconds} s.`,
      ...(ceiling ? [`The load generator reaches ${thousands(ceiling.perSecond)} requests/s by itself.`] : []),
    ].join('\n')
  },
  issuing: ({ sections }) =>
    ratios(
      workloads.filter((one) => !isGuard(one)),
      issuing,
      sections,
    ),
  guards: ({ sections }) => ratios(workloads.filter(isGuard), guarding, sections),
  details: ({ sections }) =>
    workloads
      .filter(({ name }) => sections[name]?.cells.length > 0)
      .map(({ name, title }) => `**${title}**\n\n${markdown(columnsOf(name), sections[name].cells)}`)
      .join('\n\n'),
  logins: ({ sections }) => section('logins', sections),
  memory: ({ sections }) => section('memory', sections),
  startup: ({ sections }) => section('startup', sections),
}

/** What stands in the beginning: every Node.js side by side. */
export function summary(results) {
  if (results.length === 0) return undefined
  const heads = results.flatMap(({ node }) => {
    const version = `Node.js ${node.split('.')[0]}`
    return [`${version}: latchkey`, 'without Express', 'best peer']
  })
  const rows = workloads
    .filter(({ name }) => results.some(({ sections }) => sections[name]))
    .map(({ name, title }) => [title, ...results.flatMap(({ sections }) => summaryOf(sections[name]?.cells ?? []))])
  return rowsOf(['requests/s, bare Express is 1', ...heads], rows, (index) => index === 0)
}

export const stores = (figures) => storesTable(figures)

function summaryOf(cells) {
  const ratioOf = (server) => cells.find((cell) => cell.server === server)?.ratio.median
  const peers = cells.filter(({ server }) => !limits.has(server) && !servers[server].isOurs)
  const best = peers.toSorted((a, b) => b.ratio.median - a.ratio.median)[0]
  return [
    ratioText(ratioOf('latchkey')),
    ratioText(ratioOf('latchkey-http')),
    best ? `${ratioText(best.ratio.median)} ${best.title}` : '–',
  ]
}

function ratios(ofWorkloads, columns, sections) {
  const rows = ofWorkloads
    .filter(({ name }) => sections[name]?.cells.length > 0)
    .map(({ name, title }) => {
      const { cells } = sections[name]
      const cellOf = (server) => cells.find((cell) => cell.server === server)
      const bare = cellOf('bare')
      return [
        title,
        bare ? thousands(bare.perSecond.median) : '–',
        ...columns.map((one) => ratioText(cellOf(one)?.ratio.median)),
      ]
    })
  const heads = columns.map((server) => servers[server].title.replace('bare Express + ', ''))
  return rowsOf(['workload', 'bare, requests/s', ...heads], rows, (index) => index === 0)
}

function section(name, sections) {
  if (!sections[name]?.cells.length) return 'Not measured yet.'
  const { cells, failures } = sections[name]
  const missing = failures.map(({ server, error }) => `Not measured: ${server} (${error}).`)
  return [markdown(columnsOf(name), cells), ...missing].join('\n\n')
}

function markdown(columns, cells) {
  const rows = cells.map((cell) => columns.map(({ text }) => text(cell)))
  return rowsOf(
    columns.map(({ head }) => head),
    rows,
    (index) => columns[index].isText,
  )
}

function rowsOf(heads, rows, isText) {
  const line = (values) => `| ${values.join(' | ')} |`
  return [line(heads), line(heads.map((head, index) => (isText(index) ? '---' : '--:'))), ...rows.map(line)].join('\n')
}

const ratioText = (number) => (number === undefined ? '–' : number.toFixed(2))
const thousands = (number) => Math.round(number).toLocaleString('en')
