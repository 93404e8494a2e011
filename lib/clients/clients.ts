import { changeClient, findExactClient, isChangeable, type ClientChange } from './change-client.js'
import { generateSecret } from './generated-secret.js'
import { secretIdOf } from './secret-id.js'
import { describeOptions } from '../checks/describe-options.js'
import { flag, text, wholeNumber } from '../checks/option-kind.js'
import { ConfigurationError } from '../errors/configuration-error.js'
import type { ClientChangedEvent } from '../telemetry/operator-events.js'
import type { Emit } from '../telemetry/events.js'
import type { Clock } from '../time/clock.js'
import { applicationContext } from '../request/request-context.js'
import type { Client, ClientRegistry, ClientSecret, ClientStore, ConfidentialClient } from '../stores/client-store.js'

const DAY = 86_400

/**
 * What an operator may do with clients and their secrets, also from several processes at once: each change is a compare-and-set. Rejects
 * with `ConfigurationError` for a client or a secret that there is not, and where the client store cannot be written to.
 */
export interface Clients {
  /** Gives a client one secret more, and the secrets that it has an end. Those that have ended are removed. */
  rotateSecret(options: RotateSecretOptions): Promise<RotatedSecret>
  /** The secrets that work, without their digests, the oldest first. */
  listSecrets(selection: { readonly clientId: string }): Promise<readonly ListedSecret[]>
  /**
   * Withdraws a secret at once. The only one that works is not withdrawn: `rotateSecret` with `overlapSeconds: 0` replaces it. Tokens
   * that were issued stay, unless `endTokens` is true: then all tokens of the client end, whichever secret they were asked for with.
   */
  retireSecret(selection: RetireSecretOptions): Promise<void>
  /**
   * Disables a client, and ends its tokens at once: its sign-ins, and its own tokens, JWTs among them. Resource servers that verify by
   * published keys accept its JWTs to their end.
   *
   * @example
   * ```ts
   * await oauth.clients.disable('nightly-report')
   * ```
   */
  disable(clientId: string): Promise<void>
  /** Enables a client again. The tokens that it had stay revoked. */
  enable(clientId: string): Promise<void>
  /** Deletes a client, and ends its tokens as `disable` does. */
  delete(clientId: string): Promise<void>
}

/** Which secret is withdrawn. */
export interface RetireSecretOptions {
  /** The client whose secret it is. */
  readonly clientId: string
  /** One of `listSecrets`. */
  readonly secretId: string
  /** Whether the tokens of the client are revoked, once the secret does not work any more. Default false. */
  readonly endTokens?: boolean | undefined
}

/** Whose secret is rotated, and how. */
export interface RotateSecretOptions {
  /** The client that gets a new secret. */
  readonly clientId: string
  /** Seconds that present secrets go on working, unless they end earlier. Default 604,800 (7 days), at most a year; 0: none. */
  readonly overlapSeconds?: number | undefined
  /**
   * Whether the tokens of the client are revoked, for a secret that has leaked; with `overlapSeconds: 0` only. If that fails the promise
   * rejects, and the new secret is lost: rotate again. Default false.
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
  /** The only copy: show it once to whoever runs the client. */
  readonly clientSecret: string
  readonly secretId: string
  /** The former secrets that still work, and until when, in seconds since the epoch. */
  readonly expires: readonly { readonly secretId: string; readonly expiresAt: number }[]
}

/** A secret of a client, without what would help to use it. Times are seconds since the epoch. */
export interface ListedSecret {
  readonly secretId: string
  /** Absent: unknown. */
  readonly createdAt: number | undefined
  /** Absent: it does not end. */
  readonly expiresAt: number | undefined
  /** Noted once an hour. Absent: it was not used since this is noted. */
  readonly lastUsedAt: number | undefined
}

/** Makes the operations on the clients of a server. */
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
      // Also of a client that was disabled already: the last time it may not have come so far.
      await endTokensOf(clientId)
    },

    enable: (clientId) => setDisabled(clientId, false),

    async delete(clientId) {
      if (!isDeletable(clients)) throw readOnly('deleteClient')
      // Disabled first, so that what is interrupted can be begun again.
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
  return new ConfigurationError('clientId', 'is the id of no client', 'Create the client first')
}

function tokensOfWorkingSecret(): ConfigurationError {
  const remedy = 'Set overlapSeconds: 0, or leave endTokens out'
  return new ConfigurationError('rotateSecret.endTokens', 'needs former secrets to end at once', remedy)
}

function readOnly(missing = 'replaceClient'): ConfigurationError {
  const remedy =
    'Give the server a ClientRegistry, as the stores of this package are, or change clients where they are kept'
  return new ConfigurationError('clients', `cannot be written to: it has no method ${missing}`, remedy)
}

function unknownSecret(): ConfigurationError {
  return new ConfigurationError('secretId', 'is no secret of this client', 'Choose one of listSecrets')
}

function lastSecret(): ConfigurationError {
  const remedy = 'Replace it by rotateSecret with overlapSeconds: 0, or disable the client'
  return new ConfigurationError('secretId', 'is the only secret of this client that works', remedy)
}
