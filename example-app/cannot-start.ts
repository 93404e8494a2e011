/** Something that the person who starts a program has to change. They are shown its message, and no stack. */
export class CannotStartError extends Error {}

// For every program that imports this, also while its other modules load. A program that was forked sends its message to the other one.
process.once('uncaughtException', (error: Error) => {
  const isExplained = error instanceof CannotStartError || error.name === 'ConfigurationError'
  if (isExplained && process.send) return void process.send({ cannotStart: error.message }, () => process.exit(1))
  console.error(isExplained ? error.message : error)
  process.exit(1)
})
