/**
 * The resources in a stored audience, which separates them by spaces: a URI has none. `undefined` when there are none, as in
 * records from before the server had resources.
 */
export function audienceList(audience: string): readonly string[] | undefined {
  return audience === '' ? undefined : audience.split(' ')
}
