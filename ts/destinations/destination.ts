/**
 * Where sealed objects are kept: a folder, a bucket, a cloud drive.
 *
 * A destination sees opaque names and sealed bytes, never a key or a file's name. Every object is whole or absent: a
 * `put` that fails leaves nothing that `get`, `stat` or `list` would show. A destination does not try again by itself;
 * `withRetry` does that for all of them.
 *
 * Every method checks the object's path (`INVALID_ARGUMENT`; see {@link ObjectPath}), takes a signal and rejects with
 * its reason when it aborts, and otherwise rejects with a `DestinationError`.
 */
export interface Destination {
  /** Its kind, for messages: `local folder`, `s3`. */
  readonly name: string
  /** What it can hold. */
  readonly limits: DestinationLimits
  /**
   * Whether `put` hands the SHA-256 of an object on to its store: who knows it then saves work by saying it. Where it is
   * left out, a `sha256` is only compared with the bytes.
   */
  readonly sendsSha256?: boolean

  /**
   * Stores an object. It becomes visible at once and whole, after all of it has arrived and is safe from a power cut.
   *
   * Without `ifAbsent` it replaces an object of the same name; with it the first writer wins.
   *
   * @throws `OBJECT_EXISTS` under `ifAbsent`; `UPLOAD_MISMATCH` when the bytes do not fit `sha256` or the size that the
   * body announced; `TOO_LARGE`; `DESTINATION_FULL`, `DESTINATION_DENIED`, `DESTINATION_BUSY`,
   * `DESTINATION_UNREACHABLE`, `DESTINATION_TIMEOUT`; whatever reading the body throws.
   */
  put(path: ObjectPath, body: Body, options?: PutOptions): Promise<ObjectInfo>

  /**
   * The bytes of an object, or of a range of it: what of the range lies within the object, which may be nothing.
   *
   * A stream that cannot deliver all of it fails; it never ends early. Cancelling it ends the transfer.
   *
   * @throws `OBJECT_MISSING`, and the failures of a destination, either now or as the stream's error.
   */
  get(path: ObjectPath, options?: GetOptions): Promise<ReadableStream<Uint8Array>>

  /** What is known about an object; undefined when there is none. */
  stat(path: ObjectPath, options?: DestinationCall): Promise<ObjectInfo | undefined>

  /** Every object whose name begins with `prefix`, which may be empty or end anywhere in a name; in no order. */
  list(prefix: string, options?: DestinationCall): AsyncIterable<ObjectInfo>

  /** Removes an object; one that is absent is fine. */
  remove(path: ObjectPath, options?: DestinationCall): Promise<void>
}

/**
 * Name of an object within its destination: segments between slashes, such as `e1/packs/9f/9fa3`, that every
 * destination can hold.
 *
 * At most 900 bytes of UTF-8, and 240 in a segment. No segment is empty, begins with a dot, ends with a dot or a space,
 * has a control character or one of `\ : * ? " < > |`, or is a device's name on Windows.
 */
export type ObjectPath = string

/** What a destination can hold. */
export interface DestinationLimits {
  /** Size of the largest object, in bytes. */
  readonly maxObjectBytes: number
}

/** What every method of a destination accepts. */
export interface DestinationCall {
  /** Stops the call, which rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
}

/** How an object is stored. */
export interface PutOptions extends DestinationCall {
  /** SHA-256 of the whole body as 64 lower-case hexadecimal digits: checked before the object becomes visible. */
  readonly sha256?: string | undefined
  /** Keeps an object that has this name already, and rejects with `OBJECT_EXISTS`. */
  readonly ifAbsent?: true | undefined
  /** Goes on with an earlier upload of the same body, where the destination can; otherwise ignored. */
  readonly resume?: ResumeToken | undefined
  /** Receives what `resume` takes, whenever there is a new one. */
  readonly onResumeToken?: ((token: ResumeToken) => void) | undefined
  /** Receives the number of bytes sent so far: it never falls, and ends at the size of the body. */
  readonly onProgress?: ((bytes: number) => void) | undefined
}

/** Which part of an object is fetched. */
export interface GetOptions extends DestinationCall {
  /** From `offset` on, `length` bytes, or all that follow. */
  readonly range?: ByteRange | undefined
}

/** A part of an object. */
export interface ByteRange {
  /** Zero-based position of its first byte. */
  readonly offset: number
  /** Number of bytes; all that follow when left out. */
  readonly length?: number | undefined
}

/** An object as its destination describes it. */
export interface ObjectInfo {
  /** Its path. */
  readonly path: ObjectPath
  /** Size in bytes. */
  readonly size: number
  /** When it was stored, by the destination's clock. */
  readonly modified?: Date
  /** SHA-256 of its bytes as 64 lower-case hexadecimal digits, where the destination knows it. */
  readonly sha256?: string
}

/** The bytes of an object: in memory, or from a source that can be opened again, at any offset, for another attempt. */
export type Body = Uint8Array | ReopenableBody

/** A body that is read as it is sent. */
export interface ReopenableBody {
  /** Size in bytes, where it is known before. */
  readonly size?: number | undefined
  /** The bytes from `offset` on; each time the same ones. */
  open(offset: number): ReadableStream<Uint8Array>
}

/** Stands for an unfinished upload. Opaque, and a secret: who has it can write. */
export type ResumeToken = string
