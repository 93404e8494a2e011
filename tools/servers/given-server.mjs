/**
 * The server whose URL an environment variable has; `undefined` when it has none. `ask(url)` throws when the server does not
 * answer.
 */
export async function givenServer(variable, ask) {
  const url = process.env[variable]
  if (!url) return undefined
  await ask(url).catch((error) => {
    throw new Error(`the server that ${variable} names does not answer`, { cause: error })
  })
  return { url, given: true, async stop() {} }
}
