import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'

/** What a user signs in with. */
export interface UserCredentials {
  readonly username: string
  readonly password: string
}

/**
 * Asks for user name and password: in `SHOP_USERNAME` and `SHOP_PASSWORD`, on the terminal without showing the password, or
 * on the two lines of a pipe.
 */
export async function askCredentials(): Promise<UserCredentials> {
  const { SHOP_USERNAME, SHOP_PASSWORD } = process.env
  if (SHOP_USERNAME !== undefined && SHOP_PASSWORD !== undefined) {
    return { username: SHOP_USERNAME, password: SHOP_PASSWORD }
  }
  if (!process.stdin.isTTY) {
    const [username = '', password = ''] = (await text(process.stdin)).split(/\r?\n/)
    return { username, password }
  }
  return { username: await ask('User name: ', process.stdout), password: await ask('Password: ', nowhere) }
}

/** What readline would echo goes to `echo`. */
async function ask(question: string, echo: Writable): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: echo, terminal: true })
  terminal.once('SIGINT', () => process.exit(130))
  if (echo === nowhere) process.stdout.write(question)
  const answer = await terminal.question(question)
  terminal.close()
  if (echo === nowhere) process.stdout.write('\n')
  return answer
}

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
