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

/** A number of things for people: `12,345`. */
export function count(number: number): string {
  return number.toLocaleString('en-US')
}

/** A number of things with their name: `1 file`, `12,345 files`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`
}

/** A time on this machine's clock: `2026-11-23 14:05:09`. */
export function when(time: Date): string {
  const date = [time.getFullYear(), time.getMonth() + 1, time.getDate()].map(pad).join('-')
  return `${date} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(pad).join(':')}`
}

/** A word of a command that can be pasted into a shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** How a file is called in a sentence. */
export function named(path: string, stream: 'standard input' | 'standard output'): string {
  return path === '-' ? stream : path
}

function pad(number: number): string {
  return String(number).padStart(2, '0')
}
