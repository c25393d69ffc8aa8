import { output } from './terminal.ts'

/** Characters that are printed at a time: a system call for each line would take longer than the work. */
const BATCH = 65_536

/** Where lines go that come one by one and can be very many. */
export class Lines {
  #waiting = ''

  /** Prints a line, now or a little later. */
  add(line: string): void {
    this.#waiting += `${line}\n`
    if (this.#waiting.length >= BATCH) this.flush()
  }

  /** Prints something as one line of JSON. */
  addJson(value: object): void {
    this.add(JSON.stringify({ v: 1, ...value }))
  }

  /** Prints what is left. */
  flush(): void {
    const text = this.#waiting
    this.#waiting = ''
    if (text !== '') output(text)
  }
}

/**
 * Prints every item as a line; resolves to their number. When the items end in a failure, those before it have been
 * printed.
 */
export async function printEach<T>(items: AsyncIterable<T>, print: (item: T, lines: Lines) => void): Promise<number> {
  const lines = new Lines()
  let count = 0
  try {
    for await (const item of items) {
      print(item, lines)
      count += 1
    }
  } finally {
    lines.flush()
  }
  return count
}

/** Rows with their columns below each other; columns named in `right` end below each other. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const cell = (text: string, column: number): string => {
    const width = widths[column] ?? 0
    return right.includes(column) ? text.padStart(width) : text.padEnd(width)
  }
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n')
}
