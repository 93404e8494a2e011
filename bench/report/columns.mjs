// The columns of each kind of table: in the terminal and in docs/performance.md.
const thousands = (number) => Math.round(number).toLocaleString('en')
const ratio = (number) => number.toFixed(2)
const range = ({ from, to }) => `${ratio(from)} to ${ratio(to)}`
const milliseconds = (number) => (number < 10 ? number.toFixed(1) : thousands(number))
/** A negative zero is none. */
const megabytes = (octets) => (Math.round(octets / 1e5) / 10 + 0).toFixed(1)
const name = (head, text) => ({ head, text, isText: true })

const throughput = [
  name('server', ({ title }) => title),
  { head: 'requests/s', text: ({ perSecond }) => thousands(perSecond.median) },
  { head: 'ratio', text: (cell) => ratio(cell.ratio.median) },
  { head: 'half of the rounds', text: (cell) => range(cell.ratio) },
  { head: 'CPU, µs', text: ({ cpuMicroseconds }) => cpuMicroseconds.median.toFixed(1) },
  { head: 'ratio by CPU', text: ({ cpuRatio }) => ratio(cpuRatio.median) },
  { head: 'of its processor', text: ({ share }) => `${Math.round(share * 100)} %` },
]

const others = {
  generator: [
    name('server', ({ title }) => title),
    { head: 'requests/s', text: ({ perSecond }) => thousands(perSecond) },
  ],
  logins: [
    name('server', ({ title }) => title),
    { head: 'logins/s', text: ({ perSecond }) => perSecond.median.toFixed(1) },
    { head: 'of the hash alone', text: (cell) => (cell.ratio ? ratio(cell.ratio.median) : '–') },
    { head: 'route idle: p50, ms', text: ({ idle }) => milliseconds(idle.median) },
    { head: 'p99', text: ({ idle }) => milliseconds(idle.p99) },
    { head: 'meanwhile: p50, ms', text: ({ meanwhile }) => milliseconds(meanwhile.median) },
    { head: 'p99', text: ({ meanwhile }) => milliseconds(meanwhile.p99) },
    { head: 'worst', text: ({ meanwhile }) => milliseconds(meanwhile.worst) },
  ],
  memory: [
    name('server', ({ serverTitle }) => serverTitle),
    name('after', ({ title, requests, perToken }) => (perToken ? `${thousands(requests)} ${title}` : title)),
    { head: 'heap, MB', text: ({ growth }) => megabytes(growth) },
    { head: 'octets a token', text: ({ perToken }) => (perToken === undefined ? '–' : thousands(perToken)) },
    {
      head: 'left after expiry, MB',
      text: ({ leftAfterExpiry: left }) => (left === undefined ? '–' : megabytes(left)),
    },
  ],
  startup: [
    name('import of', ({ title }) => title),
    { head: 'ms', text: (cell) => cell.milliseconds.median.toFixed(0) },
    { head: 'half of the rounds', text: ({ milliseconds: { from, to } }) => `${from.toFixed(0)} to ${to.toFixed(0)}` },
    { head: 'files', text: ({ files }) => String(files) },
    { head: 'kB', text: ({ octets }) => thousands(octets / 1000) },
  ],
}

export function columnsOf(section) {
  return others[section] ?? throughput
}
