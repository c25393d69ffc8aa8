// How the quickstart says sizes, times, counts and commands.

/** `1.07 GB`. */
export function size(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let value = bytes
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return unit === 0 ? `${bytes} bytes` : `${value.toPrecision(3)} ${units[unit]}`
}

/** `1.07 GB/s`. */
export function rate(bytes, milliseconds) {
  return `${size(Math.round((bytes * 1000) / Math.max(1, milliseconds)))}/s`
}

/** `0.87 s`, or `3 ms`. */
export function time(milliseconds) {
  return milliseconds < 100
    ? `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`
    : `${(milliseconds / 1000).toFixed(2)} s`
}

/** `1 file`, `12 files`. */
export function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`
}

/** A command line that a shell takes as it stands. */
export function shell(...words) {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quoted(word))).join(' ')
}

function quoted(word) {
  return process.platform === 'win32' ? `"${word}"` : `'${word.replaceAll("'", "'\\''")}'`
}
