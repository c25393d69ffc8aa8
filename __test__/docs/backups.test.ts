import { describe, expect, it } from 'vitest'
import { EXIT } from '../../ts/cli/report.ts'
import { parseAddress } from '../../ts/index.ts'
import { blocks, read } from './markdown.ts'

/** Exit codes that a text names in its own way. */
function codes(text: string, pattern: RegExp): number[] {
  return [...new Set([...text.matchAll(pattern)].map(([, code]) => Number(code)))].sort((one, other) => one - other)
}

describe('docs/backups.md', () => {
  it('has every exit code of the command line, and so has the README', () => {
    const all = [...new Set([...Object.values(EXIT), 130])].sort((one, other) => one - other)
    expect(codes(read('docs/backups.md'), /^\| (\d+) \| \w/gm)).toEqual(all)
    const [, said = ''] = /Exit status: ([^.]*)\./s.exec(read('README.md')) ?? []
    expect(codes(said, /(?:^|,\s)(\d+)\s(?=[a-z])/g)).toEqual(all)
  })

  it('shows an address of S3 with every parameter that there is', () => {
    const [address = ''] = blocks('docs/backups.md').filter((block) => block.startsWith('s3://'))
    const filled = address.trim().replace('BUCKET', 'bucket').replace('PREFIX', 'prefix')
    expect(parseAddress(filled)).toEqual({
      kind: 's3',
      bucket: 'bucket',
      prefix: 'prefix',
      endpoint: 'https://s3.example.com',
      region: 'eu-1',
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
    })
  })
})
