import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { openAddress, parseAddress } from '../../ts/destinations/address.ts'
import { testFolder } from '../seal/folder.ts'

const folder = testFolder()

describe('an address', () => {
  it.each([
    ['./backup', './backup'],
    ['backup', 'backup'],
    ['/mnt/disk/a b', '/mnt/disk/a b'],
    ['../up', '../up'],
    ['./s3:x', './s3:x'],
    ['C:\\backup', 'C:\\backup'],
    ['50%', '50%'],
    ['file:///mnt/a%20b', '/mnt/a b'],
    ['FILE:///mnt', '/mnt'],
    ['file:/mnt', '/mnt'],
  ])('%s is the folder %s', (text, path) => {
    expect(parseAddress(text)).toEqual({ kind: 'folder', path })
  })

  it.each([
    ['s3://bucket', { bucket: 'bucket', prefix: '' }],
    ['s3://bucket/', { bucket: 'bucket', prefix: '' }],
    ['s3://my.bucket/a/b/', { bucket: 'my.bucket', prefix: 'a/b' }],
    ['S3://bucket/a%20b', { bucket: 'bucket', prefix: 'a b' }],
    ['s3://b_1?region=eu-central-1', { bucket: 'b_1', prefix: '', region: 'eu-central-1' }],
    [
      's3://bucket/p?endpoint=https://s3.example.com:9000/x&path-style=false&checksums=when-required',
      {
        bucket: 'bucket',
        prefix: 'p',
        endpoint: 'https://s3.example.com:9000/x',
        forcePathStyle: false,
        requestChecksumCalculation: 'WHEN_REQUIRED',
      },
    ],
    [
      's3://bucket?endpoint=http%3A%2F%2F127.0.0.1%3A7070&path-style=true&checksums=when-supported',
      {
        bucket: 'bucket',
        prefix: '',
        endpoint: 'http://127.0.0.1:7070',
        forcePathStyle: true,
        requestChecksumCalculation: 'WHEN_SUPPORTED',
      },
    ],
  ])('%s is that bucket', (text, expected) => {
    expect(parseAddress(text)).toEqual({ kind: 's3', ...expected })
  })

  it.each([
    ['', 'must be text'],
    ['  ', 'must be text'],
    [undefined, 'must be text'],
    ['a\0b', 'NUL'],
    ['gdrive://x', 'file://, s3:// and paths'],
    ['https://bucket.s3.example.com', 'unknown scheme'],
    ['file://server/share', 'file:/// and an absolute path'],
    ['file:///a?b', '%3F'],
    ['s3:bucket', 's3://bucket/prefix'],
    ['s3://', 's3: address names a bucket'],
    ['s3:///prefix', 's3: address names a bucket'],
    ['s3://127.0.0.1:7070/bucket', 'endpoint='],
    ['s3://AKIA:secret@bucket/p', 'must not have credentials'],
    ['s3://AKIA@bucket/p', 'must not have credentials'],
    ['s3://bucket/p#x', '%23'],
    ['s3://bucket/%zz', '%25'],
    ['s3://bucket?regoin=x', 'endpoint, region, path-style, checksums'],
    ['s3://bucket?secret=hunter2', 'endpoint, region, path-style, checksums'],
    ['s3://bucket?__proto__=x', 'endpoint, region, path-style, checksums'],
    ['s3://bucket?region=a&region=b', 'twice'],
    ['s3://bucket?region=', 'region'],
    ['s3://bucket?path-style=yes', 'path-style'],
    ['s3://bucket?path-style=constructor', 'path-style'],
    ['s3://bucket?checksums=no', 'checksums'],
    ['s3://bucket?endpoint=s3.example.com', 'endpoint'],
    ['s3://bucket?endpoint=https://u:hunter2@s3.example.com', 'endpoint'],
  ])('%s is refused, and why is said', (text, reason) => {
    const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(reason) })
    expect(() => parseAddress(text as string)).toThrow(refused)
  })

  test.prop([
    fc.oneof(
      fc.string(),
      fc.string().map((rest) => `s3://bucket/${rest}`),
      fc.webUrl(),
    ),
  ])('is read or refused, whatever it is, and never repeated', (text) => {
    try {
      expect(['folder', 's3']).toContain(parseAddress(text).kind)
    } catch (error) {
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' })
      if (text.length > 12) expect((error as Error).message).not.toContain(text)
    }
  })
})

describe('the destination at an address', () => {
  it('of a folder is that folder', async () => {
    const destination = await openAddress(parseAddress(folder.at('backup')))
    await destination.put('a', Buffer.from('x'))
    expect(destination.name).toBe('local folder')
    expect(folder.content()).toEqual(new Map([['backup', 'special']]))
  })

  it('of a bucket is that bucket', async () => {
    const destination = await openAddress(parseAddress('s3://bucket/prefix?endpoint=http://127.0.0.1:1'))
    expect(destination.name).toBe('s3')
    await expect(openAddress(parseAddress('s3://x'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(openAddress(parseAddress('s3://bucket/a/../b'))).resolves.toBeDefined()
    await expect(openAddress(parseAddress('s3://bucket/a//b'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
