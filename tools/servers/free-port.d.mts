/** A port of 127.0.0.1 that nobody listens on now, and that this process was not given before. */
export declare function freePort(): Promise<number>
