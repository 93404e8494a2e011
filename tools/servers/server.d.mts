/** A server for tests, its databases empty. */
export type Server = OwnServer | GivenServer

/** A server that was started for us: a process, a port and a folder of its own. It ends with our process at the latest. */
export interface OwnServer {
  /** Of 127.0.0.1, without a password. */
  readonly url: string
  readonly given: false
  /** Absent while it is killed. */
  readonly pid: number | undefined
  /** Ends it without warning (SIGKILL). Resolves when its processes are gone. */
  kill(): Promise<void>
  /** Starts it again, killed or not, on the same port and data. Resolves when it answers. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** A server that an environment variable names: it is not ours to end. */
export interface GivenServer {
  readonly url: string
  readonly given: true
  readonly kill?: undefined
  readonly restart?: undefined
  /** Drops the databases that {@link Databases.createDatabase} made, nothing else. */
  stop(): Promise<void>
}

/** What SQL servers have in addition. */
export interface Databases {
  /**
   * Creates an empty database and answers its URL. In a given server its name is `name` and a random end.
   *
   * @param name lower-case letters, digits and `_`
   */
  createDatabase(name: string): Promise<string>
}
