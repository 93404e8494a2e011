/** Fails where `CI` is `true`; elsewhere writes a line that says what is skipped, and answers `undefined`. */
export function absent(missing: {
  readonly name: string
  /** The Debian packages that bring it. */
  readonly packages: string
  /** The environment variable that names another one. */
  readonly variable?: string
}): undefined
