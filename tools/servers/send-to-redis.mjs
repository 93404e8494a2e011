import { createClient } from 'redis'

/** Sends one command on a connection of its own. */
export async function sendToRedis(url, command) {
  const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: false, connectTimeout: 5000 } })
  // The promises below reject as well.
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.sendCommand(command)
  } finally {
    if (client.isOpen) client.destroy()
  }
}
