import type { ReopenableBody } from '../destinations/destination.ts'
import { streamOf } from '../destinations/object-stream.ts'
import type { Native } from '../native/binding.ts'

const PIECE_BYTES = 1_048_576

/**
 * An object that stays in the addon's memory: its pieces are copied out one after the other, into memory that is used
 * again. Only for a destination that is done with a piece when it asks for the next.
 *
 * @internal
 */
export function lentBody(courier: Native<'Courier'>, id: number, size: number): ReopenableBody {
  return {
    size,
    open(offset) {
      const piece = Buffer.allocUnsafeSlow(Math.min(size, PIECE_BYTES))
      let at = offset
      const next = async (): Promise<Uint8Array | undefined> => {
        const length = courier.fill(id, at, piece)
        at += length
        return length === 0 ? undefined : piece.subarray(0, length)
      }
      return streamOf(next, () => {}, undefined)
    },
  }
}
