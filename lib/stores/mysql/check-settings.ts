import { ConfigurationError } from '../../errors/configuration-error.js'
import { statement, type SqlSession } from '../sql/sql-connection.js'

interface SettingsRow {
  readonly name: string | null
  readonly character_set: string
  readonly mode: string
  readonly autocommit: unknown
}

const findSettings = statement(
  'find_settings',
  'SELECT DATABASE() AS name, @@character_set_client AS character_set, @@sql_mode AS mode, @@autocommit AS autocommit',
)

/** Refuses a connection that would change what is stored without a word: cut texts off, lose their characters, or take them back. */
export async function checkMysqlSettings(session: SqlSession): Promise<void> {
  const [settings] = await session.rows<SettingsRow>(findSettings, [])
  if (settings === undefined) throw new TypeError('The database did not tell its settings')
  const { name, character_set: characterSet, mode, autocommit } = settings
  if (name === null) {
    throw new ConfigurationError('openMysqlStores.pool', 'has no database', 'Set `database` of the pool')
  }
  if (characterSet !== 'utf8mb4') {
    const problem = `talks ${characterSet} to the database`
    throw new ConfigurationError('openMysqlStores.pool', problem, 'Leave `charset` of the pool out, or set utf8mb4')
  }
  if (!/STRICT_(?:TRANS|ALL)_TABLES|TRADITIONAL/.test(mode)) {
    const problem = 'has no strict sql_mode: an id that is too long would be cut off, and be the id of somebody else'
    throw new ConfigurationError('openMysqlStores.pool', problem, 'Add STRICT_TRANS_TABLES to sql_mode')
  }
  if (Number(autocommit) !== 1) {
    const problem = 'has autocommit off: what was stored would be taken back when the connection is closed'
    throw new ConfigurationError('openMysqlStores.pool', problem, 'Set autocommit to 1 in the database')
  }
}
