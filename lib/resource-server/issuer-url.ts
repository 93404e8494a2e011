import { checkedBy, type OptionKind } from '../checks/option-kind.js'
import { nameValue } from '../checks/kind-of-value.js'
import { ConfigurationError } from '../errors/configuration-error.js'

/**
 * A URL of the issuer. RFC 7662 §4, RFC 8414 §6.1: over TLS only, for whoever can change an answer decides who passes; `checkScheme` sees to
 * that, for it depends on `allowHttp`.
 */
export function issuerUrl(): OptionKind<string> {
  return checkedBy('an https URL', (path, uri) => {
    if (typeof uri === 'string' && URL.canParse(uri)) return
    throw new ConfigurationError(path, `is ${nameValue(uri)}; must be an https URL`, 'Give it the URL of the issuer')
  })
}
