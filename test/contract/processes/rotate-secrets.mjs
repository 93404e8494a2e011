// Rotates the secret of a client at a given moment, several times, in a file that other processes have opened, too.
const [sqlite, clientsModule, file, clientId] = process.argv.slice(2)
const { openSqliteStores } = await import(sqlite)
const { clientsOf } = await import(clientsModule)

const stores = openSqliteStores(file, { busyTimeoutMilliseconds: 10_000 })
const clients = clientsOf({ clients: stores.clients, clock: () => Math.floor(Date.now() / 1000), emit() {} })

process.once('message', async ({ startAt }) => {
  while (Date.now() < startAt);
  const secrets = []
  for (let round = 0; round < 25; round++) secrets.push((await clients.rotateSecret({ clientId })).clientSecret)
  process.send(secrets)
  process.disconnect()
})
process.send('ready')
