import { ConfigurationError } from '../errors/configuration-error.js'
import { isScopeToken } from './scope.js'

/** Refuses anything but a list of scope tokens, when something is made. Throws `ConfigurationError`. */
export function checkScopeTokens(where: string, scopes: unknown): asserts scopes is readonly string[] {
  if (!Array.isArray(scopes)) {
    throw new ConfigurationError(where, 'is not a list', "Write one scope token an entry, such as ['orders:read']")
  }
  scopes.forEach((scope: unknown, index) => {
    if (typeof scope === 'string' && isScopeToken(scope)) return
    throw new ConfigurationError(
      `${where}[${String(index)}]`,
      'is no scope token',
      'Use printable ASCII without spaces, quotes and backslashes',
    )
  })
}
