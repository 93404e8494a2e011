// Bars in panels, two panels in a row, as SVG with a background of its own, for light and dark pages.

/**
 * Draws `panels`, each `{ title, rows }`; a row is `{ label, value, from, to, text, kind }`, and the line from `from` to `to` is its
 * spread. `ends` is where the linear scale ends, `unit` what its ticks count; `mark` draws a line through all bars at `at`.
 */
export function chart({ title, unit, ends, mark, panels }) {
  const kinds = legend.filter(({ kind }) => panels.some(({ rows }) => rows.some((row) => row.kind === kind)))
  const hasSpread = panels.some(({ rows }) => rows.some(({ from, to }) => from !== to))
  const columns = [0, 1].map((side) => panels.filter((panel, index) => index % 2 === side))
  const scale = { at: (value) => (barWidth * value) / ends, ticks: ticksTo(ends), unit }
  const drawn = columns.map((column, side) => drawColumn(column, margin + side * (panelWidth + gap), scale, mark))
  const width = 2 * margin + (columns[1].length > 0 ? 2 * panelWidth + gap : panelWidth)
  const height = Math.max(...drawn.map(({ bottom }) => bottom)) + margin
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"
  aria-label="${escape(title)}">
${style}
<rect class="page" width="${width}" height="${height}" rx="8"/>
<text class="title" x="${margin}" y="${margin + 14}">${escape(title)}</text>
${drawLegend(kinds, hasSpread, columns[1].length > 0)}
${drawn.map(({ svg }) => svg).join('\n')}
</svg>
`
}

const legend = [
  { kind: 'ours', text: 'latchkey in Express' },
  { kind: 'store', text: 'through the store' },
  { kind: 'ours2', text: 'latchkey, other set-ups' },
  { kind: 'limit', text: 'no library' },
  { kind: 'peer', text: 'other packages' },
]

const [margin, panelWidth, gap, labelWidth, barWidth, rowHeight, barHeight] = [16, 500, 28, 226, 216, 19, 12]
const top = margin + 66

/** The round steps of a scale: at most six. */
function ticksTo(end) {
  const step = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 250, 500].find((size) => end / size <= 6) ?? end
  return Array.from({ length: Math.floor(end / step) + 1 }, (none, index) => index * step)
}

function drawLegend(kinds, hasSpread, isWide) {
  const entries = [...kinds, ...(hasSpread ? [{ kind: 'spread', text: 'middle half of the rounds' }] : [])]
  // A narrow picture has room for two entries in a line.
  const [perLine, step] = isWide ? [entries.length, 196] : [2, 240]
  return entries
    .map(({ kind, text }, index) => {
      const [x, y] = [margin + (index % perLine) * step, margin + 28 + Math.floor(index / perLine) * 18]
      const sample =
        kind === 'spread'
          ? `<line class="spread" x1="${x}" x2="${x + 12}" y1="${y + 6}" y2="${y + 6}"/>`
          : `<rect class="${kind}" x="${x}" y="${y}" width="12" height="12" rx="2"/>`
      return `${sample}<text class="small" x="${x + 18}" y="${y + 10}">${text}</text>`
    })
    .join('')
}

function drawColumn(panels, x, scale, mark) {
  let bottom = top
  const parts = panels.map((panel) => {
    const drawn = drawPanel(panel, x, bottom, scale, mark)
    bottom = drawn.bottom
    return drawn.svg
  })
  return { svg: parts.join('\n'), bottom }
}

function drawPanel({ title, rows }, x, y, scale, mark) {
  const first = y + 28
  const last = first + rows.length * rowHeight
  const left = x + labelWidth
  const ticks = scale.ticks.map((tick) => {
    const at = round(left + scale.at(tick))
    return `<line class="grid" x1="${at}" x2="${at}" y1="${first - 4}" y2="${last}"/><text class="small" x="${at}" y="${last + 12}" text-anchor="middle">${tick}</text>`
  })
  const line = mark && round(left + scale.at(mark.at))
  return {
    bottom: last + 40,
    svg: [
      `<text class="panel" x="${x}" y="${y + 16}">${escape(title)}</text>`,
      ...ticks,
      `<text class="small" x="${left}" y="${last + 26}">${escape(scale.unit)}</text>`,
      ...rows.map((row, index) => drawRow(row, x, first + index * rowHeight, scale)),
      mark ? `<line class="mark" x1="${line}" x2="${line}" y1="${first - 4}" y2="${last}"/>` : '',
    ].join('\n'),
  }
}

/** The figures stand in a column of their own, where no line runs through them. */
function drawRow({ label, value, from = value, to = value, text, kind }, x, y, scale) {
  const left = x + labelWidth
  const middle = y + barHeight / 2
  const weight = kind === 'ours' ? ' class="own"' : ''
  return [
    `<text${weight} x="${left - 8}" y="${y + 10}" text-anchor="end">${escape(label)}</text>`,
    `<rect class="${kind}" x="${left}" y="${y}" width="${round(Math.max(1, scale.at(value)))}" height="${barHeight}" rx="2"/>`,
    from === to
      ? ''
      : `<line class="spread" x1="${round(left + scale.at(from))}" x2="${round(left + scale.at(to))}" y1="${middle}" y2="${middle}"/>`,
    `<text${weight} x="${x + panelWidth}" y="${y + 10}" text-anchor="end">${escape(text)}</text>`,
  ].join('')
}

const style = `<style>
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 } .panel { font-size: 13px; font-weight: 600 } .own { font-weight: 600 }
  .small { font-size: 11px; fill: #59636e } .page { fill: #ffffff } .grid { stroke: #d1d9e0 }
  .mark { stroke: #1f2328; stroke-dasharray: 3 3 } .spread { stroke: #1f2328; stroke-width: 1.5 }
  .ours, .store { fill: #0969da } .ours2 { fill: #54aeff } .limit { fill: #818b98 } .peer { fill: #c8a05a }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .small { fill: #9198a1 } .page { fill: #0d1117 } .grid { stroke: #30363d }
    .mark { stroke: #f0f6fc } .spread { stroke: #f0f6fc }
    .ours, .store { fill: #4493f8 } .ours2 { fill: #1f5fb8 } .limit { fill: #656c76 } .peer { fill: #9e7a35 }
  }
</style>`

const round = (number) => Number(number.toFixed(1))
const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
