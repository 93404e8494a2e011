const printableAscii = /^[\x20-\x7E]*$/

/** Whether a text is all of what a client id and a client secret may consist of: %x20-7E (RFC 6749 appendix A.1, A.2). */
export function isPrintableAscii(text: string): boolean {
  return printableAscii.test(text)
}
