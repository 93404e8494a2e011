// The charts, made of the figures.
import { servers } from '../servers.mjs'
import { workloads } from '../workloads.mjs'
import { chart, linear, logarithmic } from './chart.mjs'

export const isGuard = ({ name }) => name.startsWith('guard')

/** File name → SVG, for the figures of one Node.js. */
export function chartsOf({ node, sections }) {
  const version = `node-${node.split('.')[0]}`
  const measured = workloads.filter(({ name }) => sections[name]?.cells.length > 0)
  return {
    [`issuing-${version}.svg`]: ratios(
      `Token endpoints on Node.js ${node}`,
      measured.filter((one) => !isGuard(one)),
      sections,
    ),
    [`guards-${version}.svg`]: ratios(`Guards on Node.js ${node}`, measured.filter(isGuard), sections),
    ...(sections.logins && { [`logins-${version}.svg`]: latencies(sections.logins.cells) }),
    ...(sections.memory && { [`memory-${version}.svg`]: octets(sections.memory.cells) }),
  }
}

function ratios(label, measured, sections) {
  const panels = measured.map(({ name, title }) => ({
    title,
    rows: sections[name].cells.map(({ server, title: of, ratio }) => ({
      label: of,
      value: ratio.median,
      from: ratio.from,
      to: ratio.to,
      text: ratio.median.toFixed(2),
      kind: kindOf(server),
    })),
  }))
  return chart({ label: `${label}: requests a second, bare Express is 1`, scale: linear(2), mark: bareMark, panels })
}

const bareMark = { at: 1, text: 'bare' }

function latencies(cells) {
  const rows = (pick) => cells.map((cell) => ({ ...row(cell), value: pick(cell), text: `${pick(cell).toFixed(1)} ms` }))
  const row = ({ server, title }) => ({ label: title, kind: kindOf(server) })
  return chart({
    label: 'Latency of another route while eight connections sign in without pause',
    scale: logarithmic(0.1, 3000),
    panels: [
      { title: 'Median, nobody signs in', rows: rows(({ idle }) => idle.median) },
      { title: 'Median, eight sign in without pause', rows: rows(({ meanwhile }) => meanwhile.median) },
      { title: '99th percentile, nobody signs in', rows: rows(({ idle }) => idle.p99) },
      { title: '99th percentile, eight sign in without pause', rows: rows(({ meanwhile }) => meanwhile.p99) },
    ],
  })
}

function octets(cells) {
  const perToken = cells.filter((cell) => cell.perToken !== undefined)
  const end = Math.max(...perToken.map((cell) => cell.perToken)) * 1.05
  const rows = perToken.map(({ server, serverTitle, title, perToken: value }) => ({
    label: title.startsWith('sign-ins') ? 'latchkey, sign-ins' : serverTitle.replace(' on node:http', ''),
    value,
    text: `${Math.round(value)}`,
    kind: kindOf(server.replace(/^latchkey-.*/, 'latchkey')),
  }))
  return chart({
    label: 'Heap for each token',
    scale: linear(end),
    panels: [{ title: 'Octets of heap for each token', rows }],
  })
}

/** How much of its bare driver each store reaches. */
export function storesChart({ cells }) {
  const stores = [...new Set(cells.map(({ store }) => store))]
  const panels = stores.map((title) => ({
    title,
    rows: cells
      .filter(({ store }) => store === title)
      .map(({ operation, ratio }) => ({
        label: operation,
        value: ratio.median,
        from: ratio.from,
        to: ratio.to,
        text: ratio.median.toFixed(2),
        kind: 'ours2',
      })),
  }))
  const mark = { at: 1, text: 'bare driver' }
  return chart({ label: 'Throughput of each store, its bare driver is 1', scale: linear(2), mark, panels })
}

function kindOf(server) {
  if (server === 'latchkey') return 'ours'
  if (servers[server].isOurs) return 'ours2'
  return ['bare', 'crypto', 'hash-alone', 'hash-alone-native'].includes(server) ? 'limit' : 'peer'
}
