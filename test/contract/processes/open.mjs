// Opens the stores at a given moment and saves a client, by the name of the process.
const [module, file, name] = process.argv.slice(2)
const { openSqliteStores } = await import(module)

process.once('message', ({ startAt }) => {
  while (Date.now() < startAt);
  process.send(attempt())
  process.disconnect()
})
process.send('ready')

function attempt() {
  try {
    const { clients, close } = openSqliteStores(file, { busyTimeoutMilliseconds: 20_000 })
    clients.saveClient({ clientType: 'public', clientId: name, authMethods: ['none'], grantTypes: [], scopes: [] })
    close()
    return 'saved'
  } catch (error) {
    return String(error)
  }
}
