import { changeClient, findExactClient, isChangeable, type ClientChange } from './change-client.js'
import { generateSecret, secretIdOf } from './secret-digest.js'
import { describeOptions } from '../checks/describe-options.js'
import { flag, text, wholeNumber } from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { ClientChangedEvent } from '../telemetry/operator-events.js'
import type { Emit } from '../telemetry/events.js'
import { DAY, type Clock } from '../time/clock.js'
import { applicationContext } from '../request/request-context.js'
import type { Client, ClientRegistry, ClientSecret, ClientStore, ConfidentialClient } from '../stores/client-store.js'

/**
 * What an operator can do with clients and their secrets. Several processes may do so at once: each change is a compare-and-set. The
 * methods reject with `ConfigurationError` if the client or secret does not exist, or if the client store cannot be written to.
 *
 * @example
 * ```ts
 * const { clientSecret } = await oauth.clients.rotateSecret({ clientId: 'nightly-report' })
 * ```
 */
export interface Clients {
  /** Adds a secret to a client and lets its former secrets expire. Removes those that have expired. */
  rotateSecret(options: RotateSecretOptions): Promise<RotatedSecret>
  /** Lists the secrets that work, without their digests, oldest first. */
  listSecrets(selection: { readonly clientId: string }): Promise<readonly ListedSecret[]>
  /**
   * Withdraws a secret at once. Refuses to withdraw the only one that works: replace it by `rotateSecret` with `overlapSeconds: 0`. Issued
   * tokens stay valid, unless `endTokens` is true: then all tokens of the client are revoked, whichever secret they were requested with.
   */
  retireSecret(selection: RetireSecretOptions): Promise<void>
  /**
   * Disables a client and revokes its tokens at once: those of its sign-ins and its own, JWTs included. Resource servers that verify with
   * published keys accept its JWTs until they expire.
   *
   * @example
   * ```ts
   * await oauth.clients.disable('nightly-report')
   * ```
   */
  disable(clientId: string): Promise<void>
  /** Enables a client again. Its former tokens stay revoked. */
  enable(clientId: string): Promise<void>
  /** Deletes a client and revokes its tokens, as `disable` does. */
  delete(clientId: string): Promise<void>
}

/** The secret to withdraw. */
export interface RetireSecretOptions {
  /** The client whose secret it is. */
  readonly clientId: string
  /** The id of one of `listSecrets`. */
  readonly secretId: string
  /** Whether to revoke the tokens of the client, once the secret no longer works. Default false. */
  readonly endTokens?: boolean | undefined
}

/** The client whose secret is rotated, and how. */
export interface RotateSecretOptions {
  /** The client that gets a new secret. */
  readonly clientId: string
  /** Seconds for which present secrets keep working, unless they expire earlier. Default 604,800 (7 days), at most a year; 0: they stop at once. */
  readonly overlapSeconds?: number | undefined
  /**
   * Whether to revoke the tokens of the client, for a secret that has leaked. Needs `overlapSeconds: 0`. If that fails, the promise rejects
   * and the new secret is lost: rotate again. Default false.
   */
  readonly endTokens?: boolean | undefined
}

const retirement = describeOptions<RetireSecretOptions>()('retireSecret', {
  clientId: text().required(),
  secretId: text().required(),
  endTokens: flag().or(false),
})

const rotation = describeOptions<RotateSecretOptions>()('rotateSecret', {
  clientId: text().required(),
  overlapSeconds: wholeNumber(0, 366 * DAY).or(7 * DAY),
  endTokens: flag().or(false),
})

/** The new secret of a client. */
export interface RotatedSecret {
  /** The only copy: show it once to the operator of the client. */
  readonly clientSecret: string
  readonly secretId: string
  /** The former secrets that still work, and when they expire, in seconds since the epoch. */
  readonly expires: readonly { readonly secretId: string; readonly expiresAt: number }[]
}

/** A secret of a client, without its digest. Times are seconds since the epoch. */
export interface ListedSecret {
  readonly secretId: string
  /** Absent: unknown. */
  readonly createdAt: number | undefined
  /** Absent: it does not expire. */
  readonly expiresAt: number | undefined
  /** Recorded at most once an hour. Absent: no use was recorded. */
  readonly lastUsedAt: number | undefined
}

/** Creates the operations on the clients of a server. */
export function clientsOf(services: {
  readonly clients: ClientStore
  /** Revokes all tokens of a client. */
  readonly endTokens: (clientId: string) => Promise<unknown>
  readonly parties: { forgetClient(clientId: string): void }
  readonly clock: Clock
  readonly emit: Emit
}): Clients {
  const { clients, endTokens: endTokensOf, parties, clock, emit } = services
  const isLive = ({ expiresAt }: ClientSecret): boolean => expiresAt === undefined || clock() < expiresAt

  function change<Result>(
    clientId: string,
    change: (client: ConfidentialClient) => ClientChange<Result>,
  ): Promise<Result> {
    if (!isChangeable(clients)) throw readOnly()
    return changeClient(clients, clientId, applicationContext(), (client) => change(confidential(client)))
  }

  async function setDisabled(clientId: string, disabled: boolean): Promise<void> {
    if (!isChangeable(clients)) throw readOnly()
    const isChanged = await changeClient(clients, clientId, applicationContext(), (client) => {
      if (client === undefined) throw unknownClient()
      const isSo = (client.disabled === true) === disabled
      return isSo ? { result: false } : { next: { ...client, disabled }, result: true }
    })
    parties.forgetClient(clientId)
    if (isChanged) tell(clientId, disabled ? 'disabled' : 'enabled')
  }

  function tell(clientId: string, change: ClientChangedEvent['change']): void {
    emit(applicationContext(), { type: 'client_changed', clientId, change })
  }

  return {
    async rotateSecret(options) {
      const { clientId, overlapSeconds, endTokens } = rotation.read(options)
      if (endTokens && overlapSeconds > 0) throw tokensOfWorkingSecret()
      const { clientSecret, secret } = generateSecret(clock())
      const end = clock() + overlapSeconds
      const former = await change(clientId, (client) => {
        const result = client.secrets
          .map((secret) => ({ ...secret, expiresAt: Math.min(secret.expiresAt ?? end, end) }))
          .filter(isLive)
        return { next: { ...client, secrets: [...result, secret] }, result }
      })
      const { secretId } = secret
      const ends = former.map(({ expiresAt }) => expiresAt)
      const formerSecretsExpireAt = ends.length === 0 ? undefined : Math.max(...ends)
      emit(applicationContext(), { type: 'client_secret_rotated', clientId, secretId, formerSecretsExpireAt })
      if (endTokens) await endTokensOf(clientId)
      const expires = former.map((secret) => ({ secretId: secretIdOf(secret), expiresAt: secret.expiresAt }))
      return { clientSecret, secretId, expires }
    },

    async listSecrets({ clientId }) {
      const client = confidential(await findExactClient(clients, clientId, applicationContext()))
      return client.secrets.filter(isLive).map((secret) => {
        const { createdAt, expiresAt, lastUsedAt } = secret
        return { secretId: secretIdOf(secret), createdAt, expiresAt, lastUsedAt }
      })
    },

    async retireSecret(options) {
      const { clientId, secretId, endTokens } = retirement.read(options)
      await change(clientId, (client) => {
        const secrets = client.secrets.filter((secret) => secretIdOf(secret) !== secretId)
        if (secrets.length === client.secrets.length) throw unknownSecret()
        if (client.secrets.some(isLive) && !secrets.some(isLive)) throw lastSecret()
        return { next: { ...client, secrets }, result: undefined }
      })
      emit(applicationContext(), { type: 'client_secret_retired', clientId, secretId })
      if (endTokens) await endTokensOf(clientId)
    },

    async disable(clientId) {
      await setDisabled(clientId, true)
      // Even if the client was disabled before: that attempt may have failed at this step.
      await endTokensOf(clientId)
    },

    enable: (clientId) => setDisabled(clientId, false),

    async delete(clientId) {
      if (!isDeletable(clients)) throw readOnly('deleteClient')
      // Disable it first, so that an interrupted deletion can be repeated.
      await setDisabled(clientId, true)
      await endTokensOf(clientId)
      await clients.deleteClient(clientId)
      parties.forgetClient(clientId)
      tell(clientId, 'deleted')
    },
  }
}

function isDeletable(clients: ClientStore): clients is ClientStore & Pick<ClientRegistry, 'deleteClient'> {
  return typeof (clients as Partial<ClientRegistry>).deleteClient === 'function'
}

function confidential(client: Client | undefined): ConfidentialClient {
  if (client?.clientType === 'confidential') return client
  if (client === undefined) throw unknownClient()
  throw new ConfigurationError('clientId', 'is a public client, which has no secret', 'Make the client confidential')
}

function unknownClient(): ConfigurationError {
  return new ConfigurationError('clientId', 'no client has this id', 'Create the client first')
}

function tokensOfWorkingSecret(): ConfigurationError {
  const remedy = 'Set overlapSeconds: 0, or leave endTokens out'
  return new ConfigurationError('rotateSecret.endTokens', 'requires that former secrets expire at once', remedy)
}

function readOnly(missing = 'replaceClient'): ConfigurationError {
  const remedy = 'Use a ClientRegistry, as the stores of this package are, or change the clients where they are stored'
  return new ConfigurationError('clients', `cannot be changed: the client store has no method ${missing}`, remedy)
}

function unknownSecret(): ConfigurationError {
  return new ConfigurationError(
    'secretId',
    'this client has no secret with this id',
    'Use an id that listSecrets returns',
  )
}

function lastSecret(): ConfigurationError {
  const remedy = 'Replace it by rotateSecret with overlapSeconds: 0, or disable the client'
  return new ConfigurationError('secretId', 'is the only working secret of this client', remedy)
}
