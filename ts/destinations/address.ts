import { fileURLToPath } from 'node:url'
import { invalid } from '../errors.ts'
import type { Destination } from './destination.ts'
import { localFolder } from './local-folder.ts'

/** A destination as one line of text says it, without credentials. */
export type Address = FolderAddress | S3Address

/** A folder: `./backup`, `/mnt/disk/backup`, `file:///mnt/disk/backup`. */
export interface FolderAddress {
  readonly kind: 'folder'
  readonly path: string
}

/** A bucket: `s3://bucket/prefix?endpoint=https://s3.example.com&region=eu-1`. */
export interface S3Address {
  readonly kind: 's3'
  readonly bucket: string
  /** Empty for the whole bucket. */
  readonly prefix: string
  readonly endpoint?: string
  readonly region?: string
  /** `path-style=true` or `false`. */
  readonly forcePathStyle?: boolean
  /** `checksums=when-required` or `when-supported`. */
  readonly requestChecksumCalculation?: 'WHEN_REQUIRED' | 'WHEN_SUPPORTED'
}

const SCHEMES: Readonly<Record<string, (url: URL, text: string) => Address>> = {
  'file:': fileAddress,
  's3:': s3Address,
}

/** Two letters at least: `C:\backup` is a path. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i

/**
 * Reads the address of a destination: a path, or a URL with the scheme `file` or `s3`.
 *
 * Credentials have no place in it: they come from the environment, a profile, or the program.
 *
 * @throws `INVALID_ARGUMENT`, saying what is wrong with the address, without repeating it.
 */
export function parseAddress(text: string): Address {
  if (typeof text !== 'string' || text.trim() === '') throw invalid('the address of a destination must be text')
  if (text.includes('\0')) throw invalid('the address of a destination has a NUL character')
  const scheme = SCHEME.exec(text)?.[1]
  if (scheme === undefined) return { kind: 'folder', path: text }
  const read = SCHEMES[`${scheme.toLowerCase()}:`]
  if (read === undefined) {
    const known = Object.keys(SCHEMES).map((name) => `${name}//`)
    throw invalid(`the address has an unknown scheme: known are ${known.join(', ')} and paths (write ./ before a name)`)
  }
  if (!URL.canParse(text)) throw invalid('the address is no valid URL')
  return read(new URL(text), text)
}

/**
 * The destination at an address. Nothing is sent yet.
 *
 * @throws `INVALID_ARGUMENT`
 */
export async function openAddress(address: Address): Promise<Destination> {
  if (address.kind === 'folder') return localFolder(address.path)
  const { s3 } = await import('./s3.ts')
  const { kind: _, ...options } = address
  return s3(options)
}

function fileAddress(url: URL): FolderAddress {
  if (url.search !== '' || url.hash !== '')
    throw invalid('a file: address has no ? and no #: write them as %3F and %23')
  try {
    return { kind: 'folder', path: fileURLToPath(url) }
  } catch (cause) {
    throw invalid('a file: address must be file:/// and an absolute path', { cause })
  }
}

function s3Address(url: URL, text: string): S3Address {
  if (!/^s3:\/\//i.test(text)) throw invalid('an s3: address is s3://bucket/prefix')
  if (url.username !== '' || url.password !== '') {
    throw invalid('an address must not have credentials: use the environment or a profile')
  }
  if (url.hash !== '') throw invalid('an s3: address has no #: write it as %23')
  if (url.hostname === '' || url.port !== '') throw invalid('an s3: address names a bucket; a server is ?endpoint=')
  return {
    kind: 's3',
    bucket: url.hostname,
    prefix: decoded(url.pathname).replace(/^\/+|\/+$/g, ''),
    ...s3Parameters(url.searchParams),
  }
}

function s3Parameters(given: URLSearchParams): Omit<S3Address, 'kind' | 'bucket' | 'prefix'> {
  const found: Record<string, string | boolean> = {}
  for (const [name, value] of given) {
    const read = Object.hasOwn(S3_PARAMETERS, name) ? S3_PARAMETERS[name] : undefined
    if (read === undefined) throw invalid(`an s3: address knows only ${Object.keys(S3_PARAMETERS).join(', ')} after ?`)
    const [option, meant] = read(value)
    if (meant === undefined || option in found)
      throw invalid(`${name} in the address has a wrong value, or is there twice`)
    found[option] = meant
  }
  return found
}

const PATH_STYLES = new Map([
  ['true', true],
  ['false', false],
])

const CHECKSUMS = new Map([
  ['when-required', 'WHEN_REQUIRED'],
  ['when-supported', 'WHEN_SUPPORTED'],
])

/** Options by their names in an address; the value is undefined when it makes no sense. */
const S3_PARAMETERS: Readonly<Record<string, (value: string) => [keyof S3Address, string | boolean | undefined]>> = {
  endpoint: (value) => ['endpoint', isServer(value) ? value : undefined],
  region: (value) => ['region', /^[a-z0-9-]+$/.test(value) ? value : undefined],
  'path-style': (value) => ['forcePathStyle', PATH_STYLES.get(value)],
  checksums: (value) => ['requestChecksumCalculation', CHECKSUMS.get(value)],
}

function isServer(value: string): boolean {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return false
  const { username, password } = new URL(value)
  return username === '' && password === ''
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch (cause) {
    throw invalid('the address has a % that does not begin a byte: write it as %25', { cause })
  }
}
