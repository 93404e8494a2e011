/** Whether two identifiers differ in nothing but a slash at the end: a frequent mistake, and hard to see in a log. */
export function differInSlash(one: unknown, other: string): boolean {
  return typeof one === 'string' && (one === `${other}/` || `${one}/` === other)
}
