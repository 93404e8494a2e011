import { ConfigurationError } from '../errors/configuration-error.js'

/**
 * Refuses what makes a middleware to be one itself, as in `app.get('/orders', oauth.requireBearer, listOrders)`: it is given a request
 * and more then, and would neither answer nor go on. Throws `ConfigurationError`, at the first request.
 *
 * @param others What it was called with behind its own parameters.
 */
export function refuseUncalled(others: readonly unknown[], name: string, line: string): void {
  if (others.length > 0) throw new ConfigurationError(name, 'is used as a middleware itself', `Call it: ${line}`)
}
