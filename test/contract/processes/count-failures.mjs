// Fails to sign in as often as it may, at a given moment, in a file that other processes have opened, too.
const [sqlite, file, key] = process.argv.slice(2)
const { openSqliteStores } = await import(sqlite)

const limit = { freeFailures: 5, firstDelaySeconds: 60, longestDelaySeconds: 60, forgetSeconds: 120 }
const { throttle, close } = openSqliteStores(file, {
  busyTimeoutMilliseconds: 10_000,
  throttleLimits: { account: limit },
})

process.once('message', async ({ startAt }) => {
  while (Date.now() < startAt);
  const attempts = Array.from({ length: 50 }, async () => {
    const begun = await throttle.begin([{ kind: 'account', key }])
    if (begun.retryAfterSeconds !== undefined) return 'blocked'
    await begun.end('failed')
    return 'allowed'
  })
  process.send(await Promise.all(attempts))
  close()
  process.disconnect()
})
process.send('ready')
