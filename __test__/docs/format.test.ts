import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { read, root } from './markdown.ts'

const sections = new Map(
  read('docs/format.md')
    .split(/^## (?=\d)/m)
    .slice(1)
    .map((text) => [text.split('.')[0], text]),
)

/** Constants whose comment says in which section of the format they stand. */
const constants = [
  ...read('crates/seal/src/limits.rs').matchAll(/section (\d+)\)\.\npub const (\w+): \w+ = ([\d_]+);/g),
].map(([, section = '', name = '', value = '']) => ({ section, name, value }))

/** Public constants of the engine, whose files say at the top which section they follow. */
const repositoryConstants = readdirSync(join(root, 'crates/repository/src'))
  .filter((file) => file.endsWith('.rs'))
  .flatMap((file) => {
    const text = read(`crates/repository/src/${file}`)
    const section = text.match(/^\/\/!.*section (\d+)\)/)?.[1]
    const found = [...text.matchAll(/(?:section (\d+)\)\.\n)?^pub const (\w+): \w+ = ([\d_]+);/gm)]
    return found.flatMap(([, own, name = '', value = '']) => ({ section: own ?? section ?? '', name, value }))
  })
  .filter(({ section }) => section !== '')

/** How a document may write a number: 65536, 65 536. */
function spellings(value: string): string[] {
  const digits = value.replaceAll('_', '')
  return [digits, digits.replace(/\B(?=(\d{3})+$)/g, ' ')]
}

describe('docs/format.md', () => {
  it('keeps the numbers of all twelve sections', () => {
    expect([...sections.keys()]).toEqual(Array.from({ length: 12 }, (_, index) => `${index + 1}`))
  })

  it('is cited by most constants of the code', () => {
    expect(constants.length).toBeGreaterThan(10)
    expect(repositoryConstants.length).toBeGreaterThan(13)
  })

  it.each([...constants, ...repositoryConstants])('has $name, $value, in section $section', ({ section, value }) => {
    const numbers = sections.get(section)?.match(/\d{1,3}(?: \d{3})+|\d+/g)
    expect(numbers).toEqual(expect.arrayContaining([expect.toBeOneOf(spellings(value))]))
  })
})
