/** A mistake of the developer, found when the server is made: says what is wrong, where, and how to fix it. */
export class ConfigurationError extends Error {
  /** The option at fault, such as `grants[1].users`. */
  readonly option: string

  constructor(option: string, problem: string, remedy: string) {
    super(`${option}: ${problem}. ${remedy}.`)
    this.name = 'ConfigurationError'
    this.option = option
  }
}
