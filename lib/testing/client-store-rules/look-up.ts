import type { Client, ClientStore } from '../../stores/client-store.js'
import { contractContext as context, type ContractRules, NotTested, requireTestable } from '../contract-rule.js'
import { assertSame } from '../rule-assertions.js'
import type { SampleClients } from '../sample-clients.js'

/** A store that holds the samples while it is asked. */
export interface ClientsUnderTest {
  readonly store: ClientStore
  readonly samples: SampleClients
  readonly isReadableDigest: (digest: string) => boolean
}

export const clientLookUpRules: ContractRules<ClientsUnderTest> = {
  'finds a client with every field, whole and unchanged': async ({ store, samples }) => {
    const rule =
      'A lost secret locks the client out, a lost `disabled` lets it in: every field counts, lists in their order.'
    assertSame(await store.findClient(samples.full.clientId, context), samples.full, rule)
  },

  'leaves absent what was absent': async ({ store, samples: { withAbsent } }) => {
    const rule = 'Absent means the default of the server; a null, a zero or an empty list means something else.'
    requireTestable(withAbsent.length > 0, 'Each client has every field')
    for (const client of withAbsent) assertSame(await store.findClient(client.clientId, context), client, rule)
  },

  'keeps empty and false values': async ({ store, samples: { withEmpty } }) => {
    const rule = 'An empty list is not an absent one: no resources are not all of them. `false` is not absent either.'
    requireTestable(withEmpty.length > 0, 'No client has an empty or false field')
    for (const client of withEmpty) assertSame(await store.findClient(client.clientId, context), client, rule)
  },

  'returns digests that can be compared with a secret': async ({ store, samples, isReadableDigest }) => {
    let compared = 0
    for (const { clientId } of samples.all) {
      const found = await store.findClient(clientId, context)
      if (found?.clientType !== 'confidential') continue
      for (const { digest } of found.secrets) {
        compared += 1
        const rule =
          `Every secret of ${JSON.stringify(clientId)} would be refused: a digest is sha256: with 43 characters of base64url ` +
          '(digestClientSecret), or a whole bcrypt hash (await bcryptHasher().hash(secret)), without padding, and never the secret itself.'
        assertSame(isReadableDigest(digest) ? 'readable' : kindOf(digest), 'readable', rule)
      }
    }
    requireTestable(compared > 0, 'No client has a secret')
  },

  'returns undefined for an unknown id': async ({ store }) => {
    for (const id of ['unknown', '', '%', '_', `' OR '1'='1`, '{"$ne":null}']) {
      assertUnknown(await store.findClient(id, context), id, 'undefined, not null and no exception')
    }
  },

  'returns undefined for names that every object has': async ({ store }) => {
    for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype']) {
      assertUnknown(await store.findClient(id, context), id, 'look up own properties only, or use a Map')
    }
  },

  'compares ids byte for byte': async ({ store, samples: { all } }) => {
    for (const id of all.flatMap(({ clientId }) => spellings(clientId))) {
      // Another client may have it.
      if (all.some(({ clientId }) => clientId === id)) continue
      assertUnknown(await store.findClient(id, context), id, 'a similar id is another client: mind the collation')
    }
    for (const { clientId } of all) {
      const decomposed = clientId.normalize('NFD')
      if (decomposed === clientId) continue
      assertUnknown(await store.findClient(decomposed, context), decomposed, 'ids are not normalized')
    }
  },

  'finds the same client each time': async ({ store, samples: { full, sparse } }) => {
    const first = await store.findClient(full.clientId, context)
    await store.findClient(sparse.clientId, context)
    assertSame(await store.findClient(full.clientId, context), first, 'A look-up changes nothing.')
  },
}

function assertUnknown(found: Client | undefined, id: string, remedy: string): void {
  assertSame(found, undefined, `${JSON.stringify(id)} is unknown: ${remedy}.`)
}

/** Says which fields were not tested, where a table does not hold all. */
export function untestedFieldsRule({ untestedFields }: SampleClients): ContractRules<unknown> {
  if (untestedFields.length === 0) return {}
  const check = (): Promise<void> => Promise.reject(new NotTested('None of the clients has these fields'))
  return { [`finds a client with ${untestedFields.join(', ')}`]: check }
}

/** Ids that a loose comparison takes for this one. */
function spellings(clientId: string): readonly string[] {
  const others = [clientId.toUpperCase(), clientId.toLowerCase(), `${clientId} `, ` ${clientId}`]
  // A Cyrillic letter that looks like the Latin one.
  others.push(clientId.slice(0, -1), `${clientId}1`, clientId.replace('a', '\u0430'))
  return others.filter((other) => other !== clientId && other !== '')
}

/** What an unreadable digest is, without showing it: it may be a secret. */
function kindOf(digest: unknown): string {
  return typeof digest === 'string' ? `a text of ${String(digest.length)} characters` : typeof digest
}
