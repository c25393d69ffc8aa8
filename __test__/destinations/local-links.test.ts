import { link } from 'node:fs/promises'
import { describe, expect, it, vi } from 'vitest'
import { localFolder } from '../../ts/destinations/local-folder.ts'
import { testFolder } from '../seal/folder.ts'
import { text } from './bodies.ts'

vi.mock('node:fs/promises', async (original) => ({ ...(await original<object>()), link: vi.fn() }))

const folder = testFolder()
const content = Buffer.from('content')

function linkFailsWith(errno: string): void {
  vi.mocked(link).mockRejectedValue(Object.assign(new Error(errno), { code: errno, syscall: 'link' }))
}

describe('a file system', () => {
  it.each(['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'])(
    'without hard links (%s) keeps the first of two objects',
    async (errno) => {
      linkFailsWith(errno)
      const destination = localFolder(folder.path)
      await destination.put('early', content, { ifAbsent: true })
      await expect(destination.put('early', content, { ifAbsent: true })).rejects.toMatchObject({
        code: 'OBJECT_EXISTS',
      })
      expect(await text(destination, 'early')).toBe('content')
      expect(folder.content()).toEqual(new Map([['early', 'content']]))
    },
  )

  it.each(['EXDEV', 'EIO'])('row 26: where a link fails with %s shows no object', async (errno) => {
    linkFailsWith(errno)
    const destination = localFolder(folder.path)
    const put = destination.put('a', content, { ifAbsent: true })
    await expect(put).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE', retryable: true })
    expect(folder.content()).toEqual(new Map())
  })
})
