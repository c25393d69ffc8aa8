import { createHash } from 'node:crypto'
import type {
  Body,
  Destination,
  DestinationCall,
  ObjectPath,
  ReopenableBody,
} from '../../ts/destinations/destination.ts'
import { fetchObject } from '../../ts/destinations/object-stream.ts'

/** SHA-256 as destinations take it. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The content of an object as text. */
export async function text(destination: Destination, path: ObjectPath): Promise<string> {
  return Buffer.from(await fetchObject(destination, path)).toString('latin1')
}

/** Paths of all objects, in order. */
export async function paths(destination: Destination, prefix = '', call: DestinationCall = {}): Promise<string[]> {
  const found: string[] = []
  for await (const { path } of destination.list(prefix, call)) found.push(path)
  return found.sort()
}

/** A body that is read in small pieces; `size` is what it announces. */
export function streamed(bytes: Uint8Array, { size, step = 1000 }: { size?: number; step?: number } = {}): Body {
  return body(size, async function* (offset) {
    for (let at = offset; at < bytes.byteLength; at += step) yield bytes.subarray(at, at + step)
  })
}

/** A body that announces ten bytes more than it gives before it fails. */
export function failing(given: Uint8Array, failure: Error): Body {
  return body(given.byteLength + 10, async function* () {
    yield given
    throw failure
  })
}

/** A body that gives some bytes and then nothing more, and says when it was let go. */
export function stalled(given: Uint8Array): { body: ReopenableBody; released: Promise<unknown> } {
  let release: (value: unknown) => void = () => {}
  const released = new Promise((resolve) => {
    release = resolve
  })
  const open = (): ReadableStream<Uint8Array> =>
    new ReadableStream({ start: (controller) => controller.enqueue(given), cancel: release })
  return { body: { size: given.byteLength + 1000, open }, released }
}

function body(size: number | undefined, read: (offset: number) => AsyncGenerator<Uint8Array>): ReopenableBody {
  return { size, open: (offset) => ReadableStream.from(read(offset)) as ReadableStream<Uint8Array> }
}
