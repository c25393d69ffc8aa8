import { createRequire } from 'node:module'
import type * as Addon from '#addon'
import { makeError } from '../errors.ts'

/** The addon's functions and classes. */
export type NativeAddon = typeof Addon

// Both ts/native and dist/native are two levels below the package, and so is the bundled command line.
const GENERATED = '../../ts/native/generated'
const require = createRequire(import.meta.url)

/**
 * Loads the addon for this platform: the one built in place, or the one of the platform's package.
 *
 * No environment variable changes what is loaded.
 *
 * @throws `ADDON_MISSING` naming the package, with the loader's failure as its cause.
 */
export function load(): NativeAddon {
  const failures: unknown[] = []
  for (const name of candidates()) {
    for (const place of [`${GENERATED}/holdfast.${name}.node`, `holdfast-${name}`]) {
      try {
        return require(place) as NativeAddon
      } catch (failure) {
        failures.push(failure)
      }
    }
  }
  throw missing(failures)
}

function candidates(): readonly string[] {
  const base = `${process.platform}-${process.arch}`
  if (process.platform === 'linux') return [`${base}-gnu`, `${base}-musl`]
  return [process.platform === 'win32' ? `${base}-msvc` : base]
}

function missing(failures: unknown[]): Error {
  const [first, second] = candidates()
  const platform = (second !== undefined && isMusl() ? second : first) ?? process.platform
  const name = `holdfast-${platform}`
  return makeError('ADDON_MISSING', `the addon for ${platform} does not load: package ${name}`, {
    details: { platform, package: name },
    cause: new AggregateError(failures, 'no addon loads'),
  })
}

function isMusl(): boolean {
  const report: unknown = process.report.getReport()
  const header = typeof report === 'object' && report !== null && 'header' in report ? report.header : undefined
  return typeof header === 'object' && header !== null && !('glibcVersionRuntime' in header)
}
