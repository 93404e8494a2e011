import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** The first folder that has all these programs: of PATH, then of `more`. Absent: `undefined`. */
export async function folderOfPrograms(names, more = []) {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...more]) {
    const all = names.map((name) => access(join(folder, name), constants.X_OK))
    const found = await Promise.all(all).catch(() => undefined)
    if (found) return folder
  }
  return undefined
}
