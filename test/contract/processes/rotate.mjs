// Rotates each of the given refresh tokens as often as there are rotations for it, beginning at a given moment.
const [module, file] = process.argv.slice(2)
const { openSqliteStores } = await import(module)
const { tokens } = openSqliteStores(file, { busyTimeoutMilliseconds: 10_000 })

process.once('message', async ({ rotations, startAt }) => {
  while (Date.now() < startAt);
  process.send(await Promise.all(rotations.map(async (rotation) => tokens.rotateRefreshToken(rotation))))
  process.disconnect()
})
process.send('ready')
