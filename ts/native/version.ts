import { createRequire } from 'node:module'

const manifest: unknown = createRequire(import.meta.url)('../../package.json')

/** Version of this package, for bug reports. */
export const version: string = String((manifest as { version: unknown }).version)
