/** The figures in Markdown. */
export function table({ date, machine, versions, durable, quick, cells }) {
  const kinds = [durable ? 'durable servers' : 'servers that do not wait for the disk', ...(quick ? ['quick run'] : [])]
  return [
    `${date}; ${machine}; ${kinds.join('; ')}`,
    Object.entries(versions)
      .map((entry) => entry.join(' '))
      .join(', '),
    '',
    '| store | operation | sent | store/s | bare/s | ratio | half of the rounds | CPU, µs | bare, µs | CPU ratio | half of the rounds |',
    '| --- | --- | --: | --: | --: | --: | --- | --: | --: | --: | --- |',
    ...cells.map(row),
  ].join('\n')
}

function row({ store, operation, roundTrips, through, bare, ratio, cpuRatio }) {
  return `| ${[
    ...[store, operation, roundTrips === undefined ? '–' : Number(roundTrips.toFixed(2))],
    ...[thousands(through.perSecond), thousands(bare.perSecond), ...spread(ratio)],
    ...[through.cpuMicroseconds.toFixed(1), bare.cpuMicroseconds.toFixed(1), ...spread(cpuRatio)],
  ].join(' | ')} |`
}

function spread({ median, from, to }) {
  return [median.toFixed(2), `${from.toFixed(2)} to ${to.toFixed(2)}`]
}

function thousands(number) {
  return Math.round(number).toLocaleString('en')
}
