// Bars in panels, two panels in a row, as SVG that can be read on white and on black.

/**
 * A panel is `{ title, rows }`, a row `{ label, value, from, to, text, kind }`; `from` and `to` are drawn as the spread. What is longer
 * than the scale ends in an arrow: its figure stands beside it. `mark`: where a line is drawn through all bars, and what it is.
 */
export function chart({ label, scale, mark, panels }) {
  const columns = [panels.filter((panel, index) => index % 2 === 0), panels.filter((panel, index) => index % 2 === 1)]
  const drawn = columns.map((column, index) => drawColumn(column, index * (panelWidth + gap), scale, mark))
  const height = Math.max(...drawn.map((column) => column.height)) + 12
  const width = (columns[1].length > 0 ? 2 : 1) * (panelWidth + gap) - gap + 8
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"
  aria-label="${escape(label)}">
${style}
${drawn.map(({ svg }) => svg).join('\n')}
</svg>
`
}

const [panelWidth, gap, labelWidth, barWidth, rowHeight, barHeight] = [510, 20, 228, 225, 19, 12]

/** A linear scale from 0 to `end`. */
export const linear = (end) => ({ at: (value) => Math.min(1, value / end), isOver: (value) => value > end })

/** A logarithmic one. */
export const logarithmic = (start, end) => ({
  at: (value) => Math.min(1, Math.max(0, Math.log(value / start) / Math.log(end / start))),
  isOver: (value) => value > end,
})

function drawColumn(panels, x, scale, mark) {
  let y = 0
  const parts = panels.map((panel) => {
    const drawn = drawPanel(panel, x, y, scale, mark)
    y = drawn.bottom
    return drawn.svg
  })
  return { svg: parts.join('\n'), height: y }
}

function drawPanel({ title, rows }, x, y, scale, mark) {
  const top = y + 34
  const bottom = top + rows.length * rowHeight
  const line = x + labelWidth + barWidth * scale.at(mark?.at ?? 0)
  const bars = rows.map((row, index) => drawRow(row, x, top + index * rowHeight, scale))
  return {
    bottom: bottom + 14,
    svg: [
      `<text class="title" x="${x}" y="${y + 20}">${escape(title)}</text>`,
      ...bars,
      ...(mark
        ? [
            `<line class="mark" x1="${round(line)}" x2="${round(line)}" y1="${top - 5}" y2="${bottom}"/>`,
            `<text class="small" x="${round(line)}" y="${top - 8}" text-anchor="middle">${escape(mark.text)}</text>`,
          ]
        : []),
    ].join('\n'),
  }
}

function drawRow({ label, value, from = value, to = value, text, kind }, x, y, scale) {
  const at = (one) => x + labelWidth + barWidth * scale.at(one)
  const [left, end, middle] = [x + labelWidth, at(value), y + barHeight / 2]
  const arrow = `${round(end)},${y} ${round(end + 7)},${middle} ${round(end)},${y + barHeight}`
  const textAt = Math.max(end + (scale.isOver(value) ? 7 : 0), scale.isOver(to) ? end : at(to)) + 6
  return [
    `<text class="${kind === 'ours' ? 'own' : ''}" x="${left - 8}" y="${y + 10}" text-anchor="end">${escape(label)}</text>`,
    `<rect class="${kind}" x="${left}" y="${y}" width="${round(Math.max(1, end - left))}" height="${barHeight}" rx="2"/>`,
    scale.isOver(value) ? `<polygon class="${kind}" points="${arrow}"/>` : '',
    scale.isOver(to) || from === to
      ? ''
      : `<line class="spread" x1="${round(at(from))}" x2="${round(at(to))}" y1="${middle}" y2="${middle}"/>`,
    `<text class="${kind === 'ours' ? 'own' : ''}" x="${round(textAt)}" y="${y + 10}">${escape(text)}</text>`,
  ].join('')
}

const style = `<style>
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 13px; font-weight: 600 } .own { font-weight: 600 } .small { font-size: 10px; fill: #59636e }
  .mark { stroke: #59636e; stroke-dasharray: 3 3 } .spread { stroke: #1f2328; stroke-width: 1.5 }
  .ours { fill: #0969da } .ours2 { fill: #54aeff } .limit { fill: #818b98 } .peer { fill: #c8a05a }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .small { fill: #9198a1 } .mark { stroke: #9198a1 } .spread { stroke: #f0f6fc }
    .ours { fill: #4493f8 } .ours2 { fill: #1158c7 } .limit { fill: #656c76 } .peer { fill: #9e7a35 }
  }
</style>`

const round = (number) => Number(number.toFixed(1))
const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
