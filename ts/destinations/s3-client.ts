import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import { options as checkedOptions } from '../arguments.ts'
import { invalid } from '../errors.ts'
import { isObjectPath } from './object-path.ts'
import { optionalPackage } from './optional-package.ts'

/** A bucket, and how to reach it. */
export interface S3Options {
  /** Name of the bucket, which exists. */
  readonly bucket: string
  /** Where in the bucket: objects are named `prefix/…`. The whole bucket by default. */
  readonly prefix?: string | undefined
  /** URL of a service other than Amazon's: `https://s3.example.com`. */
  readonly endpoint?: string | URL | undefined
  /** Region; by default that of the environment or the profile, and `us-east-1` with an endpoint. */
  readonly region?: string | undefined
  /** Whether the bucket is part of the URL's path instead of its host name; true by default with an endpoint. */
  readonly forcePathStyle?: boolean | undefined
  /** Credentials, or a function that fetches them; by default the chain of the AWS programs: environment, profile, … */
  readonly credentials?: S3Credentials | (() => Promise<S3Credentials>) | undefined
  /**
   * `WHEN_REQUIRED` for services that know no checksum headers: uploads are then protected by their signature alone.
   * `WHEN_SUPPORTED` by default.
   */
  readonly requestChecksumCalculation?: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED' | undefined
  /** A client made elsewhere, instead of endpoint, region, path style and credentials; it should not try again itself. */
  readonly client?: S3Client | undefined
}

/** An access key. */
export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined
}

/**
 * The client and the package it comes from.
 *
 * @internal
 */
export interface S3Connection {
  readonly sdk: typeof import('@aws-sdk/client-s3')
  readonly client: S3Client
}

/** Without one, the client would warn on the console about each failed upload. */
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }

const BUCKET = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/
const REGION = /^[a-z0-9-]{1,63}$/

/**
 * The options with bucket and prefix checked; the prefix is empty or ends with a slash.
 *
 * @throws `INVALID_ARGUMENT`
 * @internal
 */
export function checkedS3Options(given: S3Options): S3Options & { readonly prefix: string } {
  const {
    bucket,
    prefix = '',
    endpoint,
    region,
    credentials,
    forcePathStyle,
    client,
  } = checkedOptions(given, 'options')
  if (typeof bucket !== 'string' || !BUCKET.test(bucket)) throw invalid('bucket must be the name of a bucket')
  const trimmed = typeof prefix === 'string' ? prefix.replace(/^\/+|\/+$/g, '') : undefined
  if (trimmed !== '' && !isObjectPath(trimmed)) throw invalid('prefix must be folders between slashes')
  if (endpoint !== undefined && !isEndpoint(endpoint)) throw invalid('endpoint must be an http: or https: URL')
  if (region !== undefined && !(typeof region === 'string' && REGION.test(region))) {
    throw invalid('region must be the name of a region')
  }
  const connection = [endpoint, region, credentials, forcePathStyle]
  if (client !== undefined && connection.some((option) => option !== undefined)) {
    throw invalid('client cannot be combined with endpoint, region, credentials or forcePathStyle')
  }
  return { ...given, prefix: trimmed === '' ? '' : `${trimmed}/` }
}

/**
 * Loads the client's package, and makes a client unless there is one.
 *
 * @throws `PACKAGE_MISSING`
 * @internal
 */
export async function connectS3(options: S3Options): Promise<S3Connection> {
  const sdk = await optionalPackage('@aws-sdk/client-s3', () => import('@aws-sdk/client-s3'))
  return { sdk, client: options.client ?? new sdk.S3Client(configuration(options)) }
}

function configuration(options: S3Options): S3ClientConfig {
  const { endpoint, credentials, requestChecksumCalculation = 'WHEN_SUPPORTED' } = options
  const elsewhere = endpoint === undefined ? undefined : (process.env['AWS_REGION'] ?? 'us-east-1')
  const region = options.region ?? elsewhere
  return {
    maxAttempts: 1,
    logger: SILENT,
    requestChecksumCalculation,
    // Whoever reads an object checks its hash anyway.
    responseChecksumValidation: 'WHEN_REQUIRED',
    forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
    ...(endpoint !== undefined && { endpoint: String(endpoint) }),
    ...(region !== undefined && { region }),
    ...(credentials !== undefined && { credentials: credentials as NonNullable<S3ClientConfig['credentials']> }),
  }
}

function isEndpoint(endpoint: unknown): boolean {
  const text = String(endpoint)
  if (!(typeof endpoint === 'string' || endpoint instanceof URL) || !URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return /^https?:$/.test(protocol) && username === '' && password === ''
}
