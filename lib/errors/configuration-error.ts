/** A mistake in the configuration, found at startup. The message says which option is wrong, how, and what to write. */
export class ConfigurationError extends Error {
  /** The path of the wrong option, such as `grants[1].users`. */
  readonly option: string

  constructor(option: string, problem: string, remedy: string) {
    super(`${option}: ${problem}. ${remedy}.`)
    this.name = 'ConfigurationError'
    this.option = option
  }
}
