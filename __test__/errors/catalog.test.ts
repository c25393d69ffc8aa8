import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { page, render } from '../../.ci/errors.mjs'
import { CATALOG } from '../../ts/errors/catalog.ts'
import { addon } from '../../ts/native/binding.ts'

const entries = Object.entries(CATALOG)

describe('the list of codes', () => {
  it('is the one of the addon, and what the addon cannot have: failures of destinations and missing packages', () => {
    const own = entries.filter(([, { kind }]) => /^(Destination|Platform)Error$/.test(kind))
    const addons = addon().errorCodes()
    expect(new Set(addons).size).toBe(addons.length)
    expect(new Set(Object.keys(CATALOG))).toEqual(new Set([...addons, ...own.map(([code]) => code)]))
  })

  it('is the one of docs/errors.md', () => {
    const documented = readFileSync(page, 'utf8').matchAll(/^\| `([A-Z_]+)` \|/gm)
    expect(Array.from(documented, ([, code]) => code)).toEqual(Object.keys(CATALOG))
  })

  it('is documented as `npm run docs:errors` would do it now', () => {
    expect(readFileSync(page, 'utf8')).toBe(render(CATALOG))
  })

  it.each(entries)('says in one sentence what to do about %s', (_, { hint, when }) => {
    expect(hint).toMatch(/^[A-Z][^.]*\.$/)
    expect(when).toMatch(/^[a-z].*[^.]$/)
  })
})
