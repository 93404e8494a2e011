// The shop's own app on a user's machine: asks for the password once, keeps only the tokens, and renews them by itself.
import { askCredentials } from './ask-credentials.js'
import { clientCredentials, shopUrl } from './client-settings.js'
import { tokensFile } from './demo-files.js'
import { ShopSession, SignInNeededError } from './shop-session.js'
import { TokenRefusedError } from './token-request.js'

const say = (text: string): void => console.log(text)
const client = clientCredentials('shop-app')
const session = new ShopSession({ shop: shopUrl, client, tokensFile, say })

try {
  if (session.isSignedIn) say(`Using the tokens in ${tokensFile}: no password is needed.`)
  else await signIn()
  await showOrders()
} catch (error) {
  if (error instanceof SignInNeededError) say(`${error.message}. The tokens are gone; run this again to sign in.`)
  else if (error instanceof TokenRefusedError) say(`The shop refused: ${error.message}`)
  else throw error
  process.exitCode = 1
}

async function signIn(): Promise<void> {
  say('There are no tokens yet: asking for name and password, this once.')
  const { username, password } = await askCredentials()
  await session.signIn(username, password)
  say(`Signed in. The tokens are in ${tokensFile}; the password is nowhere.`)
}

async function showOrders(): Promise<void> {
  const answer = await session.get('/orders')
  say(`GET /orders: ${answer.status} ${await answer.text()}`)
}
