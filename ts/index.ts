export type { BackupOptions, BackupResult, FileCounts, FileProblem } from './backup/backup.ts'
export type { CheckOptions, CheckReport } from './backup/check.ts'
export { type CopyResult, copyRepository } from './backup/copy.ts'
export type { Difference } from './backup/diff.ts'
export type { Entry, EntryPath, FindOptions, Found, ListOptions } from './backup/entries.ts'
export type { AddOptions, CredentialInfo, Keyring, RemoveOptions } from './backup/keyring.ts'
export {
  type CreateOptions,
  createRepository,
  type OpenRepositoryOptions,
  openRepository,
  type Protected,
  type Unprotected,
} from './backup/opening.ts'
export type { RangeReader, StreamOptions } from './backup/range-reader.ts'
export { Repository } from './backup/repository.ts'
export type { RestoreOptions, RestoreResult } from './backup/restore.ts'
export type { Abortable, Snapshot, SnapshotRef } from './backup/snapshots.ts'
export type { ByteStream, PathSource, SourceInput, StreamSource } from './backup/sources.ts'
export { type Database, type SqliteOptions, sqlite } from './backup/sqlite.ts'
export type { StateOptions } from './backup/state-dir.ts'
export type { Stats } from './backup/stats.ts'
export type { Call } from './call.ts'
export { configure, type Settings } from './configure.ts'
export type { Credential, Identity, Recipient } from './credentials/credential.ts'
export { type Cost, Password, type PasswordOptions, password } from './credentials/password.ts'
export {
  type AgeIdentity,
  type AgeRecipient,
  generateKey,
  type KeyProblem,
  type ParsedKey,
  parseKey,
  RecoveryKey,
} from './credentials/recovery-key.ts'
export {
  type Address,
  type FolderAddress,
  openAddress,
  parseAddress,
  type S3Address,
} from './destinations/address.ts'
export type { RetryOptions } from './destinations/backoff.ts'
export type {
  Body,
  ByteRange,
  Destination,
  DestinationCall,
  DestinationLimits,
  GetOptions,
  ObjectInfo,
  ObjectPath,
  PutOptions,
  ReopenableBody,
  ResumeToken,
} from './destinations/destination.ts'
export { localFolder } from './destinations/local-folder.ts'
export { withRetry } from './destinations/retry.ts'
export type { CodeOf, ErrorKind } from './errors/catalog.ts'
export type { CredentialKind, ErrorCode, ErrorDetails, InRepository, NoDetails, OfEntry } from './errors/details.ts'
export {
  type AnyHoldfastError,
  AvailabilityError,
  CredentialError,
  DestinationError,
  type ErrorData,
  type ErrorParts,
  FileError,
  FormatError,
  HoldfastError,
  IntegrityError,
  isHoldfastError,
  LimitError,
  PlatformError,
  UsageError,
} from './errors.ts'
export type { FilePath } from './file-path.ts'
export { version } from './native/version.ts'
export type { Phase, Progress } from './progress.ts'
export {
  type Opened,
  type OpenOptions,
  openFile,
  type PublishOptions,
  type Sealed,
  type SealOptions,
  sealFile,
  type VerifyOptions,
  verifyFile,
} from './seal/files.ts'
export { inspect, type SealedInfo, type StanzaInfo } from './seal/inspect.ts'
export { openKey, sealKey } from './seal/keys.ts'
export { type Source, standardInput, standardOutput, type Target } from './seal/places.ts'
