/** The figures in Markdown. */
export function table({ date, machine, load, versions, durable, quick, cells }) {
  const kinds = [durable ? 'durable servers' : 'servers that do not wait for the disk', ...(quick ? ['quick run'] : [])]
  return [
    `${date}; ${machine}; load ${load}; ${kinds.join('; ')}`,
    Object.entries(versions)
      .map((entry) => entry.join(' '))
      .join(', '),
    '',
    '| store | operation | sent | store/s | bare/s | ratio | middle half of the rounds | fastest tenth | its CPU, µs | bare, µs |',
    '| --- | --- | --: | --: | --: | --: | --- | --: | --: | --: |',
    ...cells.map(row),
  ].join('\n')
}

function row({ store, operation, roundTrips, through, bare, ratio, fastRatio, fastCpuMicroseconds: cpu }) {
  return `| ${[
    ...[store, operation, roundTrips === undefined ? '–' : Number(roundTrips.toFixed(2))],
    ...[thousands(through.perSecond), thousands(bare.perSecond)],
    ...[ratio.median.toFixed(2), `${ratio.from.toFixed(2)} to ${ratio.to.toFixed(2)}`],
    ...[fastRatio.toFixed(2), cpu.through.toFixed(1), cpu.bare.toFixed(1)],
  ].join(' | ')} |`
}

function thousands(number) {
  return Math.round(number).toLocaleString('en')
}
