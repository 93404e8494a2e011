import type { Databases, OwnServer, Server } from './server.d.mts'

/**
 * Starts MariaDB or MySQL, with 200 connections: the server of `TEST_MYSQL_URL`, or one from the programs of the system.
 * Without any it answers `undefined` and says so, and throws where `CI` is `true`.
 *
 * `durable`: a server of our own whose commits survive `kill()`. Default: false, faster.
 */
export function startMariadb(options: { readonly durable: true }): Promise<(OwnServer & Databases) | undefined>
export function startMariadb(options?: { readonly durable?: boolean }): Promise<(Server & Databases) | undefined>
