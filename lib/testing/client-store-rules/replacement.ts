import type { Client, ClientRegistry, ConfidentialClient } from '../../stores/client-store.js'
import { fullClient, sparseClient, zeroClient } from '../client-records.js'
import { contractContext as context, type ContractRules } from '../contract-rule.js'
import { assertSame, isRefused } from '../rule-assertions.js'
import { similarIds } from '../similar-ids.js'

const ROUNDS = 3
const AT_ONCE = 50

/** Without a registry the store is read-only, and there is nothing to break. */
export const clientReplacementRules: ContractRules<{ readonly registry: ClientRegistry | undefined }> = {
  'replaces a client that is still as it was answered': async ({ registry }) => {
    if (registry === undefined) return
    for (const client of [fullClient, sparseClient, zeroClient]) {
      await registry.saveClient(client)
      const current = await found(registry, client.clientId)
      const next: Client = { ...sparseClient, clientId: client.clientId, name: 'next' }
      assertSame(
        await registry.replaceClient(current, next),
        true,
        'Nobody has changed it: what was found is replaced.',
      )
      assertSame(await registry.findClient(client.clientId, context), next, 'It is replaced as a whole.')
      assertSame(await registry.replaceClient(next, next), true, 'To replace a client by itself is no conflict.')
    }
  },

  'replaces no client that was changed meanwhile': async ({ registry }) => {
    if (registry === undefined) return
    await registry.saveClient(fullClient)
    const current = await found(registry, fullClient.clientId)
    for (const changed of changedInOnePlace) {
      await registry.saveClient(changed)
      const rule = 'Any change counts, however small: else a secret that was withdrawn meanwhile would come back.'
      assertSame(await registry.replaceClient(current, { ...fullClient, name: 'next' }), false, rule)
      assertSame(await registry.findClient(fullClient.clientId, context), changed, rule)
    }
    await registry.saveClient(fullClient)
    const again = await registry.replaceClient(current, { ...fullClient, name: 'next' })
    assertSame(again, true, 'A client that is again as it was is the one that was answered.')
  },

  'replaces one client and no other': async ({ registry }) => {
    if (registry === undefined) return
    const clients = similarIds.map((clientId): Client => ({ ...sparseClient, clientId }))
    for (const client of clients) await registry.saveClient(client)
    const app = await found(registry, 'app')
    // Whether that is an error is for the store to decide.
    await isRefused(() => registry.replaceClient(app, { ...app, clientId: 'APP', name: 'next' }))
    const rule = 'What is replaced has one id, that of both. An id that is only similar is another client.'
    assertSame(await registry.listClients(), inOrder(clients), rule)
    assertSame(await registry.replaceClient(app, { ...app, name: 'next' }), true, rule)
    const expected = clients.map((client) => (client.clientId === 'app' ? { ...client, name: 'next' } : client))
    assertSame(await registry.listClients(), inOrder(expected), rule)
  },

  'replaces no client that was deleted': async ({ registry }) => {
    if (registry === undefined) return
    await registry.saveClient(fullClient)
    await registry.saveClient(sparseClient)
    const current = await found(registry, fullClient.clientId)
    await registry.deleteClient(fullClient.clientId)
    const rule = 'A deleted client does not come back because somebody was changing it.'
    assertSame(await registry.replaceClient(current, { ...fullClient, name: 'next' }), false, rule)
    assertSame(await registry.listClients(), [sparseClient], rule)
  },

  'lets exactly one of fifty concurrent replacements win': async ({ registry }) => {
    if (registry === undefined) return
    await registry.saveClient(fullClient)
    const rule = 'Replacing is one atomic compare-and-set: of two winners one has lost the secret that it had added.'
    for (let round = 1; round <= ROUNDS; round++) {
      const current = await found(registry, fullClient.clientId)
      const replacements = Array.from({ length: AT_ONCE }, (_, index) => withSecret(current, `${round}-${index}`))
      const outcomes: readonly unknown[] = await Promise.all(
        replacements.map(async (next) => registry.replaceClient(current, next)),
      )
      const winners = replacements.filter((_, index) => outcomes[index] === true)
      assertSame(winners.length, 1, rule)
      assertSame(outcomes.filter((outcome) => outcome === false).length, AT_ONCE - 1, 'All others are told: false.')
      assertSame(await registry.findClient(fullClient.clientId, context), winners[0], 'What the winner said is stored.')
    }
  },
}

/** What `fullClient` becomes by the smallest changes. */
const changedInOnePlace: readonly Client[] = [
  { ...fullClient, name: fullClient.name?.toUpperCase() },
  { ...fullClient, name: `${String(fullClient.name)} ` },
  { ...fullClient, name: undefined },
  { ...fullClient, disabled: false },
  { ...fullClient, scopes: [...fullClient.scopes].reverse() },
  { ...fullClient, secrets: fullClient.secrets.slice(0, 1) },
  { ...fullClient, secrets: fullClient.secrets.map((secret) => ({ ...secret, lastUsedAt: 1 })) },
  {
    ...fullClient,
    secrets: fullClient.secrets.map(({ digest, ...secret }) => ({ ...secret, digest: swapped(digest) })),
  },
]

/** The same letters in the other case: another digest. */
function swapped(digest: string): string {
  return digest.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()))
}

function withSecret(client: Client, secretId: string): Client {
  const { secrets } = client as ConfidentialClient
  return { ...fullClient, secrets: [...secrets, { secretId, digest: `sha256:${secretId}` }] }
}

function inOrder(clients: readonly Client[]): readonly Client[] {
  return [...clients].sort((a, b) => Buffer.compare(Buffer.from(a.clientId), Buffer.from(b.clientId)))
}

async function found(registry: ClientRegistry, clientId: string): Promise<Client> {
  const client = await registry.findClient(clientId, context)
  assertSame(client === undefined, false, 'A client that was saved is found.')
  return client ?? sparseClient
}
