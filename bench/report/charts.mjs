// The charts, made of the figures.
import { servers } from '../servers.mjs'
import { workloads } from '../workloads.mjs'
import { chart } from './chart.mjs'

const isGuard = ({ name }) => name.startsWith('guard')

/** File name → SVG, for the figures of one Node.js. */
export function chartsOf({ node, sections }) {
  const major = node.split('.')[0]
  const [version, on] = [`node-${major}`, `on Node.js ${major}`]
  const measured = workloads.filter(({ name }) => sections[name]?.cells.length > 0)
  const [guards, issuing] = [measured.filter(isGuard), measured.filter((one) => !isGuard(one))]
  return {
    [`issuing-${version}.svg`]: ratios(`Token endpoints ${on}: throughput, bare Express is 1`, issuing, sections),
    [`guards-${version}.svg`]: ratios(`Guards ${on}: throughput, bare Express is 1`, guards, sections),
    ...(sections.logins && { [`logins-${version}.svg`]: latencies(on, sections.logins.cells) }),
    ...(sections.memory && { [`memory-${version}.svg`]: heap(on, sections.memory.cells) }),
  }
}

function ratios(title, measured, sections) {
  const panels = measured.map((one) => ({
    title: one.title,
    rows: sections[one.name].cells.map(({ server, title: label, ratio }) =>
      ratioRow(label.replace('bare Express + ', ''), ratio, kindOf(server)),
    ),
  }))
  return ratioChart(title, 'requests/s, as a multiple of bare Express', panels)
}

function ratioRow(label, { median, from, to }, kind) {
  return { label, value: median, from, to, text: median.toFixed(2), kind }
}

/** No bar and no spread is cut: the scale ends at the next half. */
function ratioChart(title, unit, panels) {
  const most = Math.max(...panels.flatMap(({ rows }) => rows.map(({ to }) => to)))
  return chart({ title, unit, ends: Math.ceil(most * 2) / 2, mark: { at: 1 }, panels })
}

function latencies(on, cells) {
  const rows = (pick) =>
    cells.map((cell) => {
      const value = pick(cell)
      return {
        label: cell.title,
        value,
        text: `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`,
        kind: kindOf(cell.server),
      }
    })
  const panels = [
    { title: 'Median', rows: rows(({ meanwhile }) => meanwhile.median) },
    { title: '99th percentile', rows: rows(({ meanwhile }) => meanwhile.p99) },
  ]
  return chart({
    title: `Latency of another route while eight clients sign in without pause, ${on}`,
    unit: 'milliseconds',
    ends: roundUp(Math.max(...panels.flatMap(({ rows: all }) => all.map(({ value }) => value))), 250),
    panels,
  })
}

function heap(on, cells) {
  const rows = cells
    .filter((cell) => cell.perToken !== undefined)
    .map(({ server, serverTitle, title, perToken: value }) => ({
      label: title.startsWith('sign-ins') ? 'latchkey, one sign-in' : serverTitle.replace(' on node:http', ''),
      value,
      text: `${Math.round(value)}`,
      kind: kindOf(server.replace(/^latchkey-.*/, 'latchkey')),
    }))
  return chart({
    title: `Heap for each stored token ${on}`,
    unit: 'bytes',
    ends: roundUp(Math.max(...rows.map(({ value }) => value)), 100),
    panels: [{ title: 'Access tokens in memory', rows }],
  })
}

/** How much of the throughput of its bare driver each store reaches. */
export function storesChart({ cells }) {
  const stores = [...new Set(cells.map(({ store }) => store))]
  const panels = stores.map((title) => ({
    title,
    rows: cells
      .filter(({ store }) => store === title)
      .map(({ operation, ratio }) => ratioRow(operation, ratio, 'store')),
  }))
  return ratioChart(
    'Stores: throughput, the bare driver is 1',
    'operations/s, as a multiple of the bare driver',
    panels,
  )
}

const roundUp = (number, step) => Math.ceil(number / step) * step

function kindOf(server) {
  if (server === 'latchkey') return 'ours'
  if (servers[server].isOurs) return 'ours2'
  return ['bare', 'crypto', 'hash-alone', 'hash-alone-native'].includes(server) ? 'limit' : 'peer'
}
