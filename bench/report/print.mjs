// The figures of one section in the terminal.
import { note } from '../harness/progress.mjs'
import { columnsOf } from './columns.mjs'

export function printSection(name, { title, cells, failures }) {
  note(`\n${title}`)
  if (cells.length > 0) console.log(plainTable(columnsOf(name), cells))
  for (const { server, error } of failures) console.log(`  not measured: ${server}: ${error}`)
}

function plainTable(columns, cells) {
  const rows = [columns.map(({ head }) => head), ...cells.map((cell) => columns.map(({ text }) => text(cell)))]
  const widths = columns.map((column, index) => Math.max(...rows.map((row) => row[index].length)))
  const pad = (value, index) => (columns[index].isText ? value.padEnd(widths[index]) : value.padStart(widths[index]))
  return rows.map((row) => `  ${row.map(pad).join('  ')}`).join('\n')
}
