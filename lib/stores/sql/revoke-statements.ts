import { statement, type SqlStatement } from './sql-connection.js'

const revoke = 'UPDATE latchkey_authorization SET revoked_at = ?, usable_until = 0 WHERE revoked_at IS NULL'
const deleteOwn = 'DELETE FROM latchkey_access_token WHERE authorization_id IS NULL'

/** Values: the time, the id. */
export const revokeAuthorization: SqlStatement = statement('revoke_authorization', `${revoke} AND authorization_id = ?`)

/** Values: the time, the user, the authorization that stays; an empty text where none does. */
export const revokeUser: SqlStatement = statement('revoke_user', `${revoke} AND user_id = ? AND authorization_id <> ?`)

/** Values: the time, the client. */
export const revokeClient: SqlStatement = statement('revoke_client', `${revoke} AND client_id = ?`)

/** Value: the time. */
export const revokeEverything: SqlStatement = statement('revoke_everything', revoke)

/** Value: the client. Its own tokens have no authorization that could be revoked. */
export const deleteTokensOfClient: SqlStatement = statement('delete_tokens_of_client', `${deleteOwn} AND client_id = ?`)

/** The own tokens of all clients. */
export const deleteTokensOfClients: SqlStatement = statement('delete_tokens_of_clients', deleteOwn)
