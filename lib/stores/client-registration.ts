import type { Client } from './client-store.js'

/**
 * A client as the text that stores keep. Of a client that a store answered it is the text that was stored: members keep their order,
 * and those that are `undefined` were never in it.
 */
export function registrationText(client: Client): string {
  return JSON.stringify(client)
}

/** Whether a text that is stored is the registration of this client, however it is spaced: somebody may have written it by hand. */
export function isRegistrationOf(client: Client, text: string): boolean {
  return registrationText(JSON.parse(text) as Client) === registrationText(client)
}
