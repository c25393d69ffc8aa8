const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'] as const
const STEP = 1000

/** A number of bytes for people: `1.07 GB`. */
export function size(bytes: number): string {
  if (bytes < STEP) return bytes === 1 ? '1 byte' : `${bytes} bytes`
  let value = bytes / STEP
  let unit = 0
  while (value >= STEP - 0.5 && unit < UNITS.length - 1) {
    value /= STEP
    unit += 1
  }
  return `${value.toPrecision(3)} ${UNITS[unit] ?? ''}`
}

/** A number of seconds for people: `2 min 05 s`. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`
}

/** How a file is called in a sentence. */
export function named(path: string, stream: 'standard input' | 'standard output'): string {
  return path === '-' ? stream : path
}

function pad(number: number): string {
  return String(number).padStart(2, '0')
}
