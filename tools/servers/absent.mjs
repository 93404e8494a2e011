/**
 * What to do without a server: CI fails, elsewhere a visible line says what is skipped, and the answer is `undefined`.
 * `variable` names a running server, and is absent where none would do.
 */
export function absent({ name, packages, variable }) {
  const install = `install it (apt-get install ${packages})`
  const advice = variable ? `set ${variable} or ${install}` : install
  if (process.env.CI === 'true') throw new Error(`no ${name}: ${advice}`)
  process.stderr.write(`SKIPPED: no ${name}; ${advice}\n`)
  return undefined
}
