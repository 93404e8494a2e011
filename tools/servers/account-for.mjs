import { readFileSync } from 'node:fs'

/**
 * Whom a server runs as that refuses to be root: nothing when we are not root, else the ids of `user`, or of `nobody` where it
 * does not exist.
 */
export function accountFor(user) {
  if (process.getuid?.() !== 0) return {}
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const account = [user, 'nobody'].map((name) => accounts.find(([known]) => known === name)).find(Boolean)
  if (!account) throw new Error(`/etc/passwd has neither ${user} nor nobody: run as another user than root`)
  return { uid: Number(account[2]), gid: Number(account[3]) }
}
