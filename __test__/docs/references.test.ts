import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { blocks, documents, read, root } from './markdown.ts'

const scripts: Record<string, string> = JSON.parse(read('package.json')).scripts

describe.each(documents)('%s', (path) => {
  it('links to files that exist', () => {
    const links = [...read(path).matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, target]) => target ?? '')
    const local = links.filter((target) => !/^[a-z]+:/.test(target))
    expect(local.filter((target) => !existsSync(join(root, dirname(path), target)))).toEqual([])
  })

  it('names npm scripts that exist', () => {
    const named = [...read(path).matchAll(/\bnpm run ([a-z][a-z:]*)/g)].map(([, name]) => name ?? '')
    expect(named.filter((name) => !(name in scripts))).toEqual([])
  })

  it('has no line of code wider than a terminal', () => {
    expect(
      blocks(path)
        .flatMap((block) => block.split('\n'))
        .filter((line) => line.length > 120),
    ).toEqual([])
  })
})
