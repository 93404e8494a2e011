import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

interface Rule {
  readonly id: string
  readonly text: string
  readonly source: string
  readonly level: string
  readonly answeredBy: readonly string[]
  readonly reason?: string
}

const levels = ['MUST', 'MUST NOT', 'SHOULD', 'SHOULD NOT', 'MAY', 'project']
const source = /^(RFC \d{4}|BCP \d|project decision|ASVS \d|OWASP |NIST SP 800-63B|OAuth 2\.1|draft-)/
const checklist = new URL('../../conformance/checklist.json', import.meta.url)
const { sections } = JSON.parse(readFileSync(checklist, 'utf8')) as { sections: { rules: Rule[] }[] }
const rules = sections.flatMap((section) => section.rules)

const idsOf = (wrong: readonly Rule[]) => wrong.map(({ id }) => id)
const repeated = (values: readonly string[]) => values.filter((value, index) => values.indexOf(value) !== index)

describe('the conformance checklist', () => {
  it('has each id and each text once', () => {
    expect(repeated(rules.map(({ id }) => id))).toEqual([])
    expect(repeated(rules.map(({ text }) => text))).toEqual([])
  })

  it('says in one sentence what each rule requires', () => {
    expect(
      idsOf(rules.filter(({ text }) => !/^(?:[A-Z\d]|`)[^\n]{15,200}\.$/.test(text) || /\. [A-Z]/.test(text))),
    ).toEqual([])
  })

  it('names a source and a known level for each rule', () => {
    expect(idsOf(rules.filter((rule) => !source.test(rule.source) || /\b[A-Z]{3}-\d\d/.test(rule.source)))).toEqual([])
    expect(idsOf(rules.filter(({ level }) => !levels.includes(level)))).toEqual([])
  })

  it('names existing files that fulfil each rule, or a reason why nothing does', () => {
    const exists = (file: string) => file.startsWith('lib/') && existsSync(new URL(`../../../${file}`, import.meta.url))
    expect(rules.flatMap(({ answeredBy }) => answeredBy.filter((file) => !exists(file)))).toEqual([])
    expect(idsOf(rules.filter(({ answeredBy, reason }) => answeredBy.length > 0 === (reason !== undefined)))).toEqual(
      [],
    )
  })
})
