import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const guide = readFileSync(`${root}/CONTRIBUTING.md`, 'utf8')
const named = [...guide.matchAll(/`([\w/-]+\.ts):(\w+)`/g)].map(([, file = '', name = '']) => ({ file, name }))

describe('the journeys in CONTRIBUTING.md', () => {
  it('name some functions', () => {
    expect(named.length).toBeGreaterThan(15)
  })

  it.each(named)('$file declares $name', ({ file, name }) => {
    const path = `${root}/lib/${file}`
    expect(existsSync(path)).toBe(true)
    expect(readFileSync(path, 'utf8')).toMatch(new RegExp(`(?:function|class) ${name}\\b`))
  })
})
