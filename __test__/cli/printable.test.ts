import { test } from '@fast-check/vitest'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { table } from '../../ts/cli/listing.ts'
import { printable, printablePath } from '../../ts/cli/printable.ts'
import { counted, shellWord, when } from '../../ts/cli/words.ts'

describe('a name that is shown', () => {
  it.each([
    ['Bücher/日本/👨‍👩‍👧.mov', 'Bücher/日本/👨‍👩‍👧.mov'],
    ['a\u001b[31mb\r\n', 'a\\u{1b}[31mb\\u{d}\\u{a}'],
    ['\u009b2J\u007f', '\\u{9b}2J\\u{7f}'],
    ['txt.\u202efdp', 'txt.\\u{202e}fdp'],
    ['half \ud800', 'half \\u{d800}'],
  ])('%j is %j', (name, shown) => expect(printable(name)).toBe(shown))

  test.prop([fc.string({ unit: 'binary' })])('never has a control character', (name) => {
    expect(printable(name)).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e]/u)
  })

  it('has the bytes that are no UTF-8', () => {
    const pathBytes = Buffer.from('fa\xe7ade/\x1b', 'latin1')
    expect(printablePath({ path: pathBytes.toString(), pathBytes })).toBe('fa\\xe7ade/\\x1b')
    const proper = Buffer.from('façade')
    expect(printablePath({ path: 'façade', pathBytes: proper })).toBe('façade')
  })
})

describe('words', () => {
  it('count things', () => {
    expect([0, 1, 12_345].map((number) => counted(number, 'file'))).toEqual(['0 files', '1 file', '12,345 files'])
    expect(counted(2, 'entry', 'entries')).toBe('2 entries')
  })

  it('say a time by the clock of this machine', () => {
    expect(when(new Date(2026, 0, 2, 3, 4, 5))).toBe('2026-01-02 03:04:05')
  })

  it.each([
    ['/mnt/disk/back-up', '/mnt/disk/back-up'],
    ['s3://b/p?endpoint=x&y', "'s3://b/p?endpoint=x&y'"],
    ["it's", "'it'\\''s'"],
  ])('%s is pasted as %s', (text, word) => expect(shellWord(text)).toBe(word))

  it('stand in columns', () => {
    expect(
      table(
        [
          ['ID', 'SIZE', 'X'],
          ['abcd', '1', ''],
        ],
        [1],
      ),
    ).toBe('ID    SIZE  X\nabcd     1')
  })
})
