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
export type { CodeOf, ErrorKind } from './errors/catalog.ts'
export type { CredentialKind, ErrorCode, ErrorDetails, NoDetails } from './errors/details.ts'
export {
  type AnyHoldfastError,
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
export { type FilePath, type Source, standardInput, standardOutput, type Target } from './seal/places.ts'
