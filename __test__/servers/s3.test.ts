import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { S3Client } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import type { Destination } from '../../ts/destinations/destination.ts'
import { fetchObject } from '../../ts/destinations/object-stream.ts'
import { withRetry } from '../../ts/destinations/retry.ts'
import { type S3Options, s3 } from '../../ts/destinations/s3.ts'
import { paths, sha256, streamed, text } from '../destinations/bodies.ts'
import { testDestination } from '../destinations/contract.ts'
import { CREDENTIALS, testServer } from './versitygw.ts'

const server = testServer()
const content = Buffer.from('content')

/** An empty bucket. */
function bucket(options: Partial<S3Options> = {}): Destination {
  return s3({ bucket: server.bucket(), endpoint: server.endpoint, credentials: CREDENTIALS, ...options })
}

describe('s3', () => {
  testDestination(async () => bucket())
})

describe('s3 below a prefix, without checksum headers', () => {
  testDestination(async () => bucket({ prefix: 'a/prefix/', requestChecksumCalculation: 'WHEN_REQUIRED' }))
})

describe('a patient s3', () => {
  testDestination(async () => withRetry(bucket()))
})

describe('a bucket of versitygw', () => {
  it('has the objects below the prefix, and only those are listed', async () => {
    const name = server.bucket()
    const [whole, part] = [bucket({ bucket: name }), bucket({ bucket: name, prefix: '/laptop/' })]
    await part.put('a/b', content)
    await whole.put('laptop-other', content)
    await whole.put('other', content)
    expect(existsSync(server.file(`${name}/laptop/a/b`))).toBe(true)
    expect(await paths(part)).toEqual(['a/b'])
    expect(await paths(whole)).toEqual(['laptop-other', 'laptop/a/b', 'other'])
  })

  it('lists more than one page', async () => {
    const destination = bucket()
    const names = Array.from({ length: 1100 }, (_, index) => `many/${1000 + index}`)
    for (let done = 0; done < names.length; done += 50) {
      await Promise.all(names.slice(done, done + 50).map((path) => destination.put(path, Buffer.of())))
    }
    expect(await paths(destination, 'many/')).toEqual(names)
  })

  it('knows the SHA-256 of what was stored with it, and checks it', async () => {
    const [destination, bytes] = [bucket(), randomBytes(5_000_000)]
    await destination.put('a', bytes)
    await destination.put('b', streamed(bytes, { size: bytes.length, step: 65_536 }), { sha256: sha256(bytes) })
    expect(await destination.stat('a')).toMatchObject({ size: 5_000_000, sha256: sha256(bytes) })
    expect(await destination.stat('b')).toMatchObject({ size: 5_000_000, sha256: sha256(bytes) })
  })

  it('keeps the first object of 32 MiB', async () => {
    const [destination, bytes] = [bucket(), randomBytes(32 * 1024 ** 2)]
    await destination.put('a', bytes, { ifAbsent: true })
    const again = destination.put('a', randomBytes(32 * 1024 ** 2), { ifAbsent: true })
    await expect(again).rejects.toMatchObject({ code: 'OBJECT_EXISTS' })
    expect(sha256(await fetchObject(destination, 'a'))).toBe(sha256(bytes))
  })

  it('takes a client made elsewhere', async () => {
    const client = new S3Client({
      endpoint: server.endpoint,
      region: 'us-east-1',
      credentials: CREDENTIALS,
      forcePathStyle: true,
    })
    const destination = s3({ bucket: server.bucket(), client })
    await destination.put('a', content, { ifAbsent: true })
    expect(await text(destination, 'a')).toBe('content')
  })

  it.each([
    ['a wrong secret', { credentials: { ...CREDENTIALS, secretAccessKey: 'wrong' } }],
    ['an unknown key', { credentials: { ...CREDENTIALS, accessKeyId: 'nobody' } }],
    ['a bucket that is not there', { bucket: 'no-such-bucket' }],
  ])('row 36: with %s is DESTINATION_DENIED', async (_, options) => {
    const destination = bucket(options)
    const denied = { code: 'DESTINATION_DENIED', details: { destination: 's3' }, retryable: false }
    await expect(destination.put('a', content)).rejects.toMatchObject(denied)
    await expect(paths(destination)).rejects.toMatchObject(denied)
  })

  it('that is not there is DESTINATION_UNREACHABLE', async () => {
    const destination = bucket({ endpoint: 'http://127.0.0.1:1' })
    const unreachable = { code: 'DESTINATION_UNREACHABLE', message: 's3: ECONNREFUSED', retryable: true }
    await expect(destination.put('a', content)).rejects.toMatchObject(unreachable)
    await expect(destination.stat('a')).rejects.toMatchObject(unreachable)
  })
})
