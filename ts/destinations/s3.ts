import { makeError } from '../errors.ts'
import { checkUpload, pieces, sha256Of, sizeOf } from './body.ts'
import type {
  Body,
  Destination,
  DestinationCall,
  GetOptions,
  ObjectInfo,
  ObjectPath,
  PutOptions,
} from './destination.ts'
import { exists, mismatch, missing } from './failure.ts'
import { checkPath, checkPrefix, isObjectPath } from './object-path.ts'
import { rangeOf, streamOf } from './object-stream.ts'
import { RequestBody, signFor } from './s3-body.ts'
import { checkedS3Options, connectS3, type S3Connection, type S3Options } from './s3-client.ts'
import { download, strange } from './s3-download.ts'
import { isBehindEnd, isMissing, NAME, s3Failure } from './s3-failure.ts'

export type { S3Credentials, S3Options } from './s3-client.ts'

/** What one request of S3 can store. */
const MOST_BYTES = 5 * 1024 ** 3

/** A body of unknown size is kept in memory, for a request has to announce its size. */
const MOST_UNKNOWN_BYTES = 64 * 1024 ** 2

/** From here on, `ifAbsent` looks first: a service that refuses a long upload in its middle breaks the connection. */
const LARGE_BYTES = 1_048_576

/**
 * A bucket of Amazon S3, or of any service that speaks its protocol, by the package `@aws-sdk/client-s3`.
 *
 * Uploads carry their SHA-256, which the service checks; without `sha256` the body is read once more to know it. A body
 * that does not announce its size may have 64 MiB. `ifAbsent` is `If-None-Match: *`. Nothing is sent before the first
 * call.
 *
 * @example
 * ```ts
 * const store = s3({ bucket: 'backups', prefix: 'laptop', endpoint: 'https://s3.example.com' })
 * ```
 * @throws `INVALID_ARGUMENT`; each call throws `PACKAGE_MISSING` when the package is not installed.
 */
export function s3(options: S3Options): Destination {
  return new S3(checkedS3Options(options))
}

class S3 implements Destination {
  readonly name = NAME
  readonly sendsSha256 = true
  readonly limits = { maxObjectBytes: MOST_BYTES }
  readonly #options: S3Options & { readonly prefix: string }
  #connection: Promise<S3Connection> | undefined

  constructor(options: S3Options & { readonly prefix: string }) {
    this.#options = options
  }

  async put(path: ObjectPath, body: Body, options: PutOptions = {}): Promise<ObjectInfo> {
    checkPath(path)
    checkUpload(this, body, options)
    const { ifAbsent, signal } = options
    const upload = { ...options, destination: this, path }
    signal?.throwIfAborted()
    const known = sizeOf(body) === undefined ? await gathered(pieces(body, { ...upload, onProgress: undefined })) : body
    const size = sizeOf(known) ?? 0
    const sha256 = options.sha256 ?? (await sha256Of(pieces(known, { destination: this, path, signal })))
    const isWorthALook = ifAbsent && size >= LARGE_BYTES
    if (isWorthALook && (await this.stat(path, { signal }))) throw exists(NAME, path)
    const request = new RequestBody(
      (reading) => pieces(known, { ...upload, signal: reading, sha256: undefined }),
      signal,
    )
    const input = {
      ...this.#object(path),
      Body: request.stream,
      ContentLength: size,
      ContentType: 'application/octet-stream',
      ...(ifAbsent && { IfNoneMatch: '*' }),
      ...this.#checksum(sha256),
    }
    const answer = await request.sentBy((abortSignal) =>
      this.#ask(path, signal, ({ sdk, client }) =>
        client.send(signFor(sha256, new sdk.PutObjectCommand(input)), { abortSignal }),
      ),
    )
    if (answer.ETag === undefined) throw strange('an upload was answered without an ETag')
    if ((sha256Member(answer).sha256 ?? sha256) !== sha256) {
      await this.remove(path)
      throw mismatch(NAME, path, 'other bytes arrived than were sent')
    }
    return { path, size, sha256 }
  }

  async get(path: ObjectPath, options: GetOptions = {}): Promise<ReadableStream<Uint8Array>> {
    checkPath(path)
    const { signal } = options
    const { offset, length } = rangeOf(options)
    if (length === 0) return this.#nothing(path, options)
    const isPart = offset > 0 || Number.isFinite(length)
    const last = Number.isFinite(length) ? offset + length - 1 : ''
    const answer = await this.#ask(path, signal, async ({ sdk, client }) => {
      const input = { ...this.#object(path), ...(isPart && { Range: `bytes=${offset}-${last}` }) }
      return client
        .send(new sdk.GetObjectCommand(input), { ...(signal && { abortSignal: signal }) })
        .catch((thrown: unknown) => (isPart && isBehindEnd(thrown) ? undefined : Promise.reject(thrown)))
    })
    if (answer === undefined) return this.#nothing(path, options)
    return download(answer, path, isPart ? { offset, length } : undefined, signal)
  }

  async stat(path: ObjectPath, { signal }: DestinationCall = {}): Promise<ObjectInfo | undefined> {
    checkPath(path)
    const answer = await this.#ask(path, signal, async ({ sdk, client }) => {
      const command = new sdk.HeadObjectCommand({ ...this.#object(path), ChecksumMode: 'ENABLED' })
      return client
        .send(command, { ...(signal && { abortSignal: signal }) })
        .catch((thrown: unknown) => (isMissing(thrown) ? undefined : Promise.reject(thrown)))
    })
    if (answer === undefined) return undefined
    if (answer.ETag === undefined || answer.ContentLength === undefined) throw strange('the answer tells no object')
    const modified = answer.LastModified && { modified: answer.LastModified }
    return { path, size: answer.ContentLength, ...modified, ...sha256Member(answer) }
  }

  async *list(prefix: string, { signal }: DestinationCall = {}): AsyncGenerator<ObjectInfo> {
    checkPrefix(prefix)
    const { bucket, prefix: root } = this.#options
    for (let next: string | undefined, more = true; more; ) {
      const input = { Bucket: bucket, Prefix: root + prefix, ...(next !== undefined && { ContinuationToken: next }) }
      const page = await this.#ask(prefix, signal, ({ sdk, client }) =>
        client.send(new sdk.ListObjectsV2Command(input), { ...(signal && { abortSignal: signal }) }),
      )
      // Whoever answers in place of the service, such as a wireless network's sign-in page, must not look empty.
      if ((page.IsTruncated ?? page.KeyCount ?? page.Name) === undefined) throw strange('the answer is no listing')
      for (const { Key = '', Size, LastModified } of page.Contents ?? []) {
        const path = Key.slice(root.length)
        const isOurs = Key.startsWith(root + prefix) && isObjectPath(path) && Size !== undefined
        if (isOurs) yield { path, size: Size, ...(LastModified && { modified: LastModified }) }
      }
      more = page.IsTruncated === true
      next = page.NextContinuationToken
      if (more && next === undefined) throw strange('a listing was cut')
    }
  }

  async remove(path: ObjectPath, { signal }: DestinationCall = {}): Promise<void> {
    checkPath(path)
    await this.#ask(path, signal, async ({ sdk, client }) =>
      client
        .send(new sdk.DeleteObjectCommand(this.#object(path)), { ...(signal && { abortSignal: signal }) })
        .catch((thrown: unknown) => (isMissing(thrown) ? undefined : Promise.reject(thrown))),
    )
  }

  async #ask<T>(
    path: ObjectPath,
    signal: AbortSignal | undefined,
    work: (connection: S3Connection) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted()
    const connection = await this.#connected()
    try {
      return await work(connection)
    } catch (thrown) {
      signal?.throwIfAborted()
      throw s3Failure(thrown, path)
    }
  }

  /** One client for all calls; a package that is installed meanwhile is found. */
  #connected(): Promise<S3Connection> {
    this.#connection ??= connectS3(this.#options).catch((failure: unknown) => {
      this.#connection = undefined
      throw failure
    })
    return this.#connection
  }

  #object(path: ObjectPath): { Bucket: string; Key: string } {
    return { Bucket: this.#options.bucket, Key: this.#options.prefix + path }
  }

  /** The header that makes the service check and keep the hash; without it, the signature still covers the bytes. */
  #checksum(sha256: string): object {
    if (this.#options.requestChecksumCalculation === 'WHEN_REQUIRED') return {}
    return { ChecksumAlgorithm: 'SHA256', ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64') }
  }

  /** An empty stream, if the object is there. */
  async #nothing(path: ObjectPath, { signal }: DestinationCall): Promise<ReadableStream<Uint8Array>> {
    if ((await this.stat(path, { signal })) === undefined) throw missing(NAME, path)
    return streamOf(
      async () => undefined,
      () => {},
      signal,
    )
  }
}

/** The SHA-256 that the service knows of the whole object; that of an upload in parts is none. */
function sha256Member({ ChecksumSHA256 = '' }: { ChecksumSHA256?: string | undefined }): { sha256?: string } {
  const isWhole = /^[A-Za-z0-9+/]{43}=$/.test(ChecksumSHA256)
  return isWhole ? { sha256: Buffer.from(ChecksumSHA256, 'base64').toString('hex') } : {}
}

/** A body of unknown size in memory. */
async function gathered(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const kept: Uint8Array[] = []
  let size = 0
  for await (const part of parts) {
    size += part.byteLength
    if (size > MOST_UNKNOWN_BYTES) throw makeError('TOO_LARGE', `${NAME}: above 64 MiB a body must announce its size`)
    kept.push(part.slice())
  }
  return Buffer.concat(kept)
}
