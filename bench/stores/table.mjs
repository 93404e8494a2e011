/** The figures in Markdown. */
export function table({ date, machine, versions, durable, quick, cells }) {
  const kinds = [durable ? 'durable servers' : 'servers that do not wait for the disk', ...(quick ? ['quick run'] : [])]
  return [
    `${date}; ${machine}; ${kinds.join('; ')}`,
    Object.entries(versions)
      .map((entry) => entry.join(' '))
      .join(', '),
    '',
    '| store | operation | store/s | bare/s | ratio | half of the rounds | CPU added, µs | sent |',
    '| --- | --- | --: | --: | --: | --- | --: | --: |',
    ...cells.map(row),
  ].join('\n')
}

function row({ store, operation, through, bare, ratio, roundTrips }) {
  return `| ${[
    ...[store, operation, thousands(through.perSecond), thousands(bare.perSecond)],
    ...[ratio.median.toFixed(2), `${ratio.from.toFixed(2)} to ${ratio.to.toFixed(2)}`],
    (through.cpuMicroseconds - bare.cpuMicroseconds).toFixed(1),
    roundTrips === undefined ? '–' : Number(roundTrips.toFixed(2)),
  ].join(' | ')} |`
}

function thousands(number) {
  return Math.round(number).toLocaleString('en')
}
