import type { NativeAddon } from '../native/binding.ts'

type Outcome<K extends keyof NativeAddon> = NativeAddon[K] extends (...given: never[]) => Promise<infer T> ? T : never

/** A request of the addon to the destination, or to a source. @internal */
export type CourierRequest = NonNullable<Parameters<ConstructorParameters<NativeAddon['Courier']>[0]>[0]>

/** A failure as plain data. @internal */
export type Failure = Outcome<'repositorySnapshots'>['damaged'][number]

/** A snapshot as the addon describes it. @internal */
export type SnapshotRecord = Outcome<'repositorySnapshots'>['snapshots'][number]

/** The entries of a snapshot, being read. @internal */
export type EntriesHandle = Outcome<'repositoryEntries'>

/** An entry as the addon describes it. @internal */
export type EntryRecord = Awaited<ReturnType<EntriesHandle['next']>>[number]

/** A file of a snapshot, open for reading. @internal */
export type FileHandle = Outcome<'repositoryFile'>

/** A source as the addon takes it. @internal */
export type NativeSource = Parameters<NativeAddon['repositoryBackup']>[2][number]
