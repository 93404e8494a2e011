import { needDemoSecrets } from '../demo-files.js'
import { readSettings } from '../settings.js'
import { markup, type Markup } from './markup.js'
import { rfcLinks } from './rfc-links.js'

/** Demo accounts, things to try, and why the shop has two grants; `undefined` in production. */
export function demoGuide(): Markup | undefined {
  if (readSettings().isProduction) return undefined
  const { users } = needDemoSecrets()
  const rows = [
    ['alice', users.alice, 'has two orders'],
    ['bob', users.bob, 'has one order'],
    ['carol', users.carol, 'is locked'],
  ].map(([name, password, shows]) => markup`<tr><td>${name}<td><code>${password}</code><td>${shows}`)
  return markup`<aside class="guide" aria-labelledby="demo">
<h2 id="demo">Demo accounts</h2>
<table><thead><tr><th scope="col">User name<th scope="col">Password<th scope="col">Account</thead><tbody>${rows}</tbody></table>
<h2>Things to try</h2>
<ul>
<li>Sign in. Beside each page stands what the web app’s server sent, with the section of the RFC.
<li>Wait until the access token has expired, and open a page: it was renewed without the password.
<li>Type a wrong password six times, and you have to wait. Carol’s locked account looks like a wrong password.
<li>Order more than there is in stock.
<li>Sign in with a second browser, and sign it out under Your devices.
<li>Start the service under Integrations: it gets its own token, and is refused the orders of users.
</ul>
<h2>Why two grants?</h2>
<p>${rfcLinks(`A person has a password: the web app exchanges it for tokens once, by the password grant (RFC 6749 §4.3), and
refreshes them from then on. A service acts for itself: it has a secret of its own, and uses the client credentials grant
(RFC 6749 §4.4).`)}</p>
<p>${rfcLinks(`The password grant is discouraged: RFC 9700 §2.4 says that it must not be used. It is here for an app with its own
users that cannot leave it yet. A new app sends its users to an authorization server, by the authorization code grant
(RFC 6749 §4.1).`)}</p></aside>`
}
