/** Sends one command on a connection of its own. */
export function sendToRedis(url: string, command: readonly string[]): Promise<unknown>
