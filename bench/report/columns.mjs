// The columns of each kind of table: in the terminal and in bench/results/README.md.
const thousands = (number) => Math.round(number).toLocaleString('en')
const ratio = (number) => number.toFixed(2)
const range = ({ from, to }) => `${ratio(from)} to ${ratio(to)}`
const milliseconds = (number) => (number < 10 ? number.toFixed(1) : thousands(number))
/** `+ 0` makes a negative zero a zero. */
const megabytes = (bytes) => (Math.round(bytes / 1e5) / 10 + 0).toFixed(1)
const name = (head, text) => ({ head, text, isText: true })

const throughput = [
  name('server', ({ title }) => title),
  { head: 'requests/s', text: ({ perSecond }) => thousands(perSecond.median) },
  { head: 'ratio', text: (cell) => ratio(cell.ratio.median) },
  { head: 'middle half of the rounds', text: (cell) => range(cell.ratio) },
  { head: 'CPU, µs', text: ({ cpuMicroseconds }) => cpuMicroseconds.median.toFixed(1) },
  { head: 'ratio by CPU', text: ({ cpuRatio }) => ratio(cpuRatio.median) },
  { head: 'share of a CPU', text: ({ share }) => `${Math.round(share * 100)} %` },
]

const others = {
  generator: [
    name('server', ({ title }) => title),
    { head: 'requests/s', text: ({ perSecond }) => thousands(perSecond) },
  ],
  logins: [
    name('server', ({ title }) => title),
    { head: 'logins/s', text: ({ perSecond }) => perSecond.median.toFixed(1) },
    { head: 'the hash alone is 1', text: (cell) => (cell.ratio ? ratio(cell.ratio.median) : '–') },
    { head: 'other route, idle: p50, ms', text: ({ idle }) => milliseconds(idle.median) },
    { head: 'p99', text: ({ idle }) => milliseconds(idle.p99) },
    { head: 'meanwhile: p50, ms', text: ({ meanwhile }) => milliseconds(meanwhile.median) },
    { head: 'p99', text: ({ meanwhile }) => milliseconds(meanwhile.p99) },
    { head: 'worst', text: ({ meanwhile }) => milliseconds(meanwhile.worst) },
  ],
  memory: [
    name('server', ({ serverTitle }) => serverTitle),
    name('after', ({ title, requests, perToken }) => (perToken ? `${thousands(requests)} ${title}` : title)),
    { head: 'heap, MB', text: ({ growth }) => megabytes(growth) },
    { head: 'bytes per token', text: ({ perToken }) => (perToken === undefined ? '–' : thousands(perToken)) },
    {
      head: 'after expiry, MB',
      text: ({ leftAfterExpiry: left }) => (left === undefined ? '–' : megabytes(left)),
    },
  ],
  startup: [
    name('import of', ({ title }) => title),
    { head: 'ms', text: (cell) => cell.milliseconds.median.toFixed(0) },
    {
      head: 'middle half of the rounds',
      text: ({ milliseconds: { from, to } }) => `${from.toFixed(0)} to ${to.toFixed(0)}`,
    },
    { head: 'files', text: ({ files }) => String(files) },
    { head: 'kB', text: ({ octets }) => thousands(octets / 1000) },
  ],
}

export function columnsOf(section) {
  return others[section] ?? throughput
}
