import { isStoreUnavailableError, StoreUnavailableError } from '../../errors/store-unavailable-error.js'

/** The first words of replies of a server that cannot serve right now. */
const unavailableReplies: readonly string[] = [
  'LOADING',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'OOM',
  'BUSY',
  'MISCONF',
  'NOREPLICAS',
]

/** What Node says of a connection that cannot be made or is lost. */
const networkCode = /^E(?:CONN|PIPE|TIMEDOUT|HOST|NET|NOTFOUND|AI_AGAIN|ADDR|MFILE|NFILE)/

/** What the clients say of it: classes of node-redis and of ioredis. */
const clientErrors: readonly string[] = [
  'AbortError',
  'ClientClosedError',
  'ClientOfflineError',
  'ClusterAllFailedError',
  'CommandTimeoutDuringMaintenanceError',
  'ConnectionTimeoutError',
  'DisconnectsClientError',
  'MaxCommandRedirectionsError',
  'MaxRetriesPerRequestError',
  'ReconnectStrategyError',
  'RootNodesUnavailableError',
  'SocketClosedUnexpectedlyError',
  'SocketTimeoutDuringMaintenanceError',
  'SocketTimeoutError',
  'TimeoutError',
]

/** What they say in words alone. */
const clientMessage =
  /^(?:Connection is closed|Stream isn't writeable|Cluster (?:isn't ready|is dis|closed)|Command timed out|Socket (?:closed|timeout)|Too many Cluster redirections|None of (?:startup nodes|the sentinels)|All sentinels are unreachable|Node is disconnected|Cannot find node|The queue is full|The client is (?:closed|offline)|Connection timeout|All the root nodes|Timeout waiting for a client)/

/**
 * What to throw for an error of a client: `StoreUnavailableError` when it may pass, the error itself otherwise. Clients keep the
 * command on their errors, and some replies repeat it: hashes and registrations, which are nobody's to read. Neither is passed on.
 */
export function storeError(error: unknown): unknown {
  if (!(error instanceof Error) || isStoreUnavailableError(error)) return error
  const reason = unavailableReason(error)
  const cause = withoutCommand(error)
  return reason === undefined ? cause : new StoreUnavailableError(`Redis cannot serve: ${reason}`, { cause })
}

/** Whether Redis does not have the script that it was to run. */
export function isMissingScript(error: unknown): boolean {
  return error instanceof Error && replyCode(error.message) === 'NOSCRIPT'
}

function unavailableReason(error: Error): string | undefined {
  const code = codeOf(error)
  if (code !== undefined && networkCode.test(code)) return code
  const { name } = error.constructor
  if (clientErrors.includes(name)) return name
  const reply = replyCode(error.message)
  if (reply !== undefined && unavailableReplies.includes(reply)) return reply
  return clientMessage.exec(error.message)?.[0]
}

/** The first word of a reply; Redis before 7 puts the error of a command into that of its script. */
function replyCode(message: string): string | undefined {
  return /^(?:ERR Error running script .*?: -?)?([A-Z]+) /s.exec(message)?.[1]
}

function codeOf(error: Error): string | undefined {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}

function withoutCommand(error: Error): Error {
  const repeated = /,? with args beginning with:.*/s.exec(error.message)?.[0] ?? ''
  const copy = new Error(error.message.replace(repeated, ''))
  copy.name = error.constructor.name
  if (error.stack !== undefined) copy.stack = error.stack.replace(repeated, '')
  const code = codeOf(error)
  return code === undefined ? copy : Object.assign(copy, { code })
}
