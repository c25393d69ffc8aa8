/** Bytes that are printed as they are when a name is not UTF-8. */
const ASCII = { first: 0x20, last: 0x7e } as const

/**
 * Control characters, line separators, halves of characters, and marks that turn the direction of text: in a file's
 * name they could move the cursor, or make one name look like another.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu

/** `text` in one line, safe to show at a terminal: what is not for printing is written as `\u{1b}`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (found) => `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`)
}

/** A path of a snapshot, safe to show; bytes that are no UTF-8 are written as `\xff`. */
export function printablePath({ path, pathBytes }: { readonly path: string; readonly pathBytes: Uint8Array }): string {
  return isExact(path, pathBytes) ? printable(path) : [...pathBytes].map(byteText).join('')
}

/** Whether `path` is all there is to know about its bytes. */
export function isExact(path: string, bytes: Uint8Array): boolean {
  return Buffer.compare(Buffer.from(path), bytes) === 0
}

function byteText(byte: number): string {
  const isPlain = byte >= ASCII.first && byte <= ASCII.last
  return isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
}
