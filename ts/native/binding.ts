import { fromNative } from '../errors/native.ts'
import { load, type NativeAddon } from './load.ts'

export type { NativeAddon } from './load.ts'

/** Handles of the addon, by their names there. */
export type Native<K extends Handle> = NativeAddon[K]['prototype']

type Handle =
  | 'Control'
  | 'Courier'
  | 'CredentialSet'
  | 'IdentitySet'
  | 'KeyHandle'
  | 'PasswordHandle'
  | 'RecipientSet'
  | 'RepositoryHandle'

let loaded: NativeAddon | undefined

/**
 * The addon, loaded by the first call that needs it: importing the package never fails.
 *
 * @throws `ADDON_MISSING`
 */
export function addon(): NativeAddon {
  loaded ??= load()
  return loaded
}

/**
 * What `work` returns; what the addon throws becomes a typed error.
 *
 * @throws whatever `work` throws, as an error of this package.
 */
export function native<T>(work: (addon: NativeAddon) => T): T {
  try {
    return work(addon())
  } catch (thrown) {
    throw fromNative(thrown)
  }
}
