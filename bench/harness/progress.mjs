// What is running and how long it will still take, on standard error: a line that is written over in a terminal, a line now and then
// elsewhere.
const started = performance.now()
let [planned, done, lastLine] = [1, 0, 0]

/** `seconds`: about how long everything takes. */
export function plan(seconds) {
  planned = seconds
}

/** So much of the plan is behind us, however long it took. */
export function passed(seconds) {
  done += seconds
}

export function progress(text) {
  const elapsed = (performance.now() - started) / 1000
  // What was planned is corrected by how it went so far.
  const pace = done > 20 ? elapsed / done : 1
  const left = Math.max(0, (planned - done) * pace)
  const line = `${clock(elapsed)}, about ${clock(left)} left: ${text}`
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line.slice(0, process.stderr.columns - 1)}`)
  else if (elapsed - lastLine > 5 || lastLine === 0) {
    lastLine = elapsed
    console.error(line)
  }
}

/** A line that stays. */
export function note(text) {
  console.error(`${process.stderr.isTTY ? '\r\x1b[K' : ''}${text}`)
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`
}
