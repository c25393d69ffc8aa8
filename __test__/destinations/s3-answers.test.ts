import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Destination } from '../../ts/destinations/destination.ts'
import { fetchObject } from '../../ts/destinations/object-stream.ts'
import { optionalPackage } from '../../ts/destinations/optional-package.ts'
import { withRetry } from '../../ts/destinations/retry.ts'
import { type S3Options, s3 } from '../../ts/destinations/s3.ts'
import { paths, sha256 } from './bodies.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

const content = Buffer.from('content')
const credentials = { accessKeyId: 'test-access', secretAccessKey: 'test-secret' }

/** A server that answers as told, one answer a request, the last one for good. */
const server: { endpoint: string; requests: IncomingMessage[]; answers: Answer[] } = {
  endpoint: '',
  requests: [],
  answers: [],
}
let listening: Server

beforeEach(async () => {
  listening = createServer((request, response) => {
    const answer = server.answers[Math.min(server.requests.length, server.answers.length - 1)]
    server.requests.push(request)
    request.resume()
    request.once('end', () => answer?.(request, response))
  })
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  server.endpoint = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  server.requests = []
})

afterEach(async () => {
  listening.closeAllConnections()
  await new Promise((resolve) => listening.close(resolve))
})

/** A bucket of the server that gives these answers. */
function answering(...answers: Answer[]): Destination {
  server.answers = answers
  return s3({ bucket: 'bucket', endpoint: server.endpoint, credentials })
}

function plain(status: number, headers: Record<string, string> = {}, body: string | Buffer = ''): Answer {
  return (_, response) => void response.writeHead(status, headers).end(body)
}

function error(status: number, code: string, headers: Record<string, string> = {}): Answer {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>about secret-host</Message></Error>`
  return plain(status, { 'content-type': 'application/xml', ...headers }, body)
}

const stored = plain(200, { etag: '"1"' })

describe('a failure that the service names', () => {
  it.each([
    [400, 'BadDigest', 'UPLOAD_MISMATCH'],
    [400, 'IncompleteBody', 'UPLOAD_MISMATCH'],
    [400, 'XAmzContentSHA256Mismatch', 'UPLOAD_MISMATCH'],
    [400, 'ExpiredToken', 'DESTINATION_DENIED'],
    [400, 'RequestTimeout', 'DESTINATION_TIMEOUT'],
    [401, 'Unauthorized', 'DESTINATION_DENIED'],
    [403, 'AccessDenied', 'DESTINATION_DENIED'],
    [403, 'QuotaExceeded', 'DESTINATION_FULL'],
    [403, 'RequestTimeTooSkewed', 'DESTINATION_DENIED'],
    [404, 'NoSuchBucket', 'DESTINATION_DENIED'],
    [404, 'InvalidAccessKeyId', 'DESTINATION_DENIED'],
    [409, 'ConditionalRequestConflict', 'DESTINATION_BUSY'],
    [412, 'PreconditionFailed', 'OBJECT_EXISTS'],
    [413, 'EntityTooLarge', 'TOO_LARGE'],
    [429, 'TooManyRequests', 'DESTINATION_BUSY'],
    [500, 'InternalError', 'DESTINATION_UNREACHABLE'],
    [502, 'BadGateway', 'DESTINATION_UNREACHABLE'],
    [503, 'SlowDown', 'DESTINATION_BUSY'],
    [507, 'XMinioStorageFull', 'DESTINATION_FULL'],
  ])('row 36: %d %s is %s, after one request', async (status, name, code) => {
    const destination = answering(error(status, name))
    const failure = await destination.put('a', content, { ifAbsent: true }).catch((thrown: unknown) => thrown)
    expect(failure).toMatchObject({ code })
    expect((failure as Error).message).not.toContain('secret-host')
    expect(server.requests).toHaveLength(1)
  })

  it.each([
    ['17', 17_000],
    ['1000000000', 1e12],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['soon', undefined],
  ])('row 36: keeps Retry-After: %s', async (header, retryAfterMs) => {
    const destination = answering(error(503, 'SlowDown', { 'retry-after': header }))
    const failure = await destination.stat('a').catch((thrown: unknown) => thrown)
    expect(failure).toMatchObject({ code: 'DESTINATION_BUSY' })
    expect((failure as { details: object }).details).toEqual({
      destination: 's3',
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    })
  })

  it('row 37: is no duplicate when the answer of an upload is lost', async () => {
    const lost: Answer = (_, response) => void response.destroy()
    const head = plain(200, {
      etag: '"1"',
      'content-length': '7',
      'x-amz-checksum-sha256': Buffer.from(sha256(content), 'hex').toString('base64'),
    })
    const patient = withRetry(answering(lost, head), { firstPauseMs: 1, longestPauseMs: 1 })
    expect(await patient.put('a', content, { ifAbsent: true })).toMatchObject({ size: 7, sha256: sha256(content) })
    expect(server.requests.map(({ method }) => method)).toEqual(['PUT', 'HEAD'])
  })
})

describe('an upload', () => {
  it('says what it is, signs it, and asks that nothing be replaced', async () => {
    await answering(stored).put('a b/ü', content, { ifAbsent: true })
    const [{ method, url, headers } = {} as IncomingMessage] = server.requests
    expect([method, url?.split('?')[0]]).toEqual(['PUT', '/bucket/a%20b/%C3%BC'])
    expect(headers).toMatchObject({
      'content-length': '7',
      'if-none-match': '*',
      'x-amz-checksum-sha256': Buffer.from(sha256(content), 'hex').toString('base64'),
      'x-amz-content-sha256': sha256(content),
    })
    expect(headers['transfer-encoding']).toBeUndefined()
  })

  it('has no checksum header where those are not wanted, and is signed all the same', async () => {
    server.answers = [stored]
    const options: S3Options = { bucket: 'bucket', endpoint: server.endpoint, credentials }
    await s3({ ...options, requestChecksumCalculation: 'WHEN_REQUIRED' }).put('a', content)
    const names = Object.keys(server.requests[0]?.headers ?? {})
    expect(names.filter((name) => /checksum|trailer/.test(name))).toEqual([])
    expect(server.requests[0]?.headers['x-amz-content-sha256']).toBe(sha256(content))
  })

  it('of a long body is not begun where an object is under ifAbsent', async () => {
    const destination = answering(plain(200, { etag: '"1"', 'content-length': '9' }))
    const body = { size: 2_000_000, open: () => expect.fail('it was opened') }
    const put = destination.put('a', body, { ifAbsent: true, sha256: sha256(content) })
    await expect(put).rejects.toMatchObject({ code: 'OBJECT_EXISTS' })
    expect(server.requests.map(({ method }) => method)).toEqual(['HEAD'])
  })

  it('row 38: that is answered with another checksum is removed', async () => {
    const other = Buffer.from(sha256(Buffer.of()), 'hex').toString('base64')
    const destination = answering(plain(200, { etag: '"1"', 'x-amz-checksum-sha256': other }), plain(204))
    await expect(destination.put('a', content)).rejects.toMatchObject({ code: 'UPLOAD_MISMATCH' })
    expect(server.requests.map(({ method }) => method)).toEqual(['PUT', 'DELETE'])
  })

  it('row 38: that is answered with 200 by something else is not done', async () => {
    const destination = answering(plain(200, { 'content-type': 'text/html' }, '<html>sign in to the wireless network'))
    await expect(destination.put('a', content)).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' })
  })
})

describe('row 39: a download', () => {
  const whole = { etag: '"1"', 'content-length': '7' }

  it.each<[string, Answer, { offset: number; length?: number } | undefined]>([
    [
      'that is short',
      (_, response) => void response.writeHead(200, whole).write('con', () => response.destroy()),
      undefined,
    ],
    ['of another range', plain(206, { etag: '"1"', 'content-range': 'bytes 1-3/7' }, 'ont'), { offset: 0, length: 3 }],
    [
      'of a longer range',
      plain(206, { etag: '"1"', 'content-range': 'bytes 0-3/7' }, 'cont'),
      { offset: 0, length: 3 },
    ],
    ['of everything instead of a range', plain(200, whole, content), { offset: 2, length: 3 }],
    [
      'with a range that lies',
      plain(206, { etag: '"1"', 'content-range': 'bytes 0-2/7' }, 'conte'),
      { offset: 0, length: 3 },
    ],
    ['packed on the way', plain(200, { 'content-encoding': 'gzip', ...whole }, content), undefined],
    [
      'of nobody knows how much',
      (_, response) => void response.writeHead(200, { etag: '"1"' }).end(content),
      undefined,
    ],
    ['of something else', plain(200, { 'content-length': '7' }, content), undefined],
    ['cut at once', (_, response) => void response.destroy(), undefined],
  ])('%s fails', async (_, answer, range) => {
    const destination = answering(answer)
    const fetched = fetchObject(destination, 'a', { range })
    await expect(fetched).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE', retryable: true })
  })

  it('that broke goes on where it was', async () => {
    const half: Answer = (_, response) => void response.writeHead(200, whole).write('con', () => response.destroy())
    const rest = plain(206, { etag: '"1"', 'content-range': 'bytes 3-6/7', 'content-length': '4' }, 'tent')
    const patient = withRetry(answering(half, rest), { firstPauseMs: 1, longestPauseMs: 1 })
    expect(Buffer.from(await fetchObject(patient, 'a')).toString()).toBe('content')
    expect(server.requests.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=3-'])
  })

  it('that is sent to another host goes nowhere, and takes no credentials there', async () => {
    let asked = 0
    const elsewhere = createServer((_, response) => {
      asked += 1
      response.end('theirs')
    })
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
    const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/bucket/a`
    for (const status of [301, 302, 307]) {
      const destination = answering(plain(status, { location }))
      await expect(fetchObject(destination, 'a')).rejects.toMatchObject({ code: 'DESTINATION_DENIED' })
    }
    await new Promise((resolve) => elsewhere.close(resolve))
    expect(asked).toBe(0)
  })
})

describe('a listing', () => {
  const page = (inner: string): Answer =>
    plain(
      200,
      { 'content-type': 'application/xml' },
      `<?xml version="1.0"?><ListBucketResult>${inner}</ListBucketResult>`,
    )
  const entry = (key: string): string => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`

  it('follows its pages', async () => {
    const first = page(`<IsTruncated>true</IsTruncated><NextContinuationToken>t/1</NextContinuationToken>${entry('a')}`)
    const destination = answering(first, page(`<IsTruncated>false</IsTruncated>${entry('b')}`))
    expect(await paths(destination)).toEqual(['a', 'b'])
    expect(server.requests[1]?.url).toContain('continuation-token=t%2F1')
  })

  it('row 41: that is cut without saying where to go on is no listing', async () => {
    const destination = answering(page(`<IsTruncated>true</IsTruncated>${entry('a')}`))
    await expect(paths(destination)).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' })
  })

  it('leaves out what cannot be an object of ours', async () => {
    const destination = answering(
      page(`<KeyCount>4</KeyCount>${entry('a/')}${entry('../a')}${entry('b')}${entry('.c')}`),
    )
    expect(await paths(destination)).toEqual(['b'])
  })

  it.each(['', '<html><p>sign in', '<html><p>sign in</p></html>', '{}', 'sign in'])(
    'row 41: that is no listing at all fails: %s',
    async (body) => {
      const destination = answering(plain(200, { 'content-type': 'text/html' }, body))
      await expect(paths(destination)).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' })
      await expect(destination.stat('a')).rejects.toMatchObject({ code: 'DESTINATION_UNREACHABLE' })
    },
  )
})

describe('the options of s3', () => {
  const wrong: [string, object][] = [
    ['no bucket', {}],
    ['a bucket with a slash', { bucket: 'a/b' }],
    ['a prefix that leads out', { bucket: 'bucket', prefix: '../x' }],
    ['an endpoint of another scheme', { bucket: 'bucket', endpoint: 'ftp://x' }],
    ['an endpoint with credentials', { bucket: 'bucket', endpoint: 'https://u:hunter2@x' }],
    ['a region with a slash', { bucket: 'bucket', region: 'a/b' }],
    ['a client and credentials', { bucket: 'bucket', client: {}, credentials }],
  ]

  it.each(wrong)('refuse %s', (_, options) => {
    const refused = expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.not.stringContaining('hunter2'),
    })
    expect(() => s3(options as S3Options)).toThrow(refused)
  })

  it('need no network to be checked, and no credentials until something is asked', async () => {
    const destination = s3({
      bucket: 'bucket',
      endpoint: 'http://127.0.0.1:1',
      credentials: () => Promise.reject(lost),
    })
    const lost = Object.assign(new Error('none'), { name: 'CredentialsProviderError' })
    await expect(destination.stat('a')).rejects.toMatchObject({
      code: 'DESTINATION_DENIED',
      message: 's3: no credentials were found',
    })
  })
})

describe('an optional package', () => {
  it('that is missing is named', async () => {
    const load = () => import(String('@aws-sdk/no-such-package'))
    const loaded = optionalPackage('@aws-sdk/no-such-package', load)
    await expect(loaded).rejects.toMatchObject({
      code: 'PACKAGE_MISSING',
      details: { package: '@aws-sdk/no-such-package' },
    })
  })

  it('that is broken throws what it throws', async () => {
    const broken = new SyntaxError('broken')
    await expect(optionalPackage('x', () => Promise.reject(broken))).rejects.toBe(broken)
    const lacking = Object.assign(new Error("Cannot find package 'y' imported from x"), {
      code: 'ERR_MODULE_NOT_FOUND',
    })
    await expect(optionalPackage('x', () => Promise.reject(lacking))).rejects.toBe(lacking)
  })
})
