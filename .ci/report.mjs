// Runs suites one after the other and ends with a table and the count of cases.

/**
 * Runs every step of `suite`, also after a failed one.
 *
 * @returns {Promise<{ name: string, ran: string, seconds: number, needs: string, passed: number, failed: number }>}
 */
export async function runSuite({ name, needs, steps }) {
  console.log(`\n── ${name} ──`)
  const begun = performance.now()
  const counts = { passed: 0, failed: 0 }
  for (const step of steps) {
    const { passed, failed } = await step()
    counts.passed += passed
    counts.failed += failed
  }
  const seconds = (performance.now() - begun) / 1000
  console.log(`${name}: ${counts.passed} passed, ${counts.failed} failed in ${seconds.toFixed(1)} s`)
  return { name, ran: counts.failed === 0 ? 'ran' : 'FAILED', seconds, needs, ...counts }
}

/** The row of a suite that could not run because something before it failed. */
export function blocked({ name, needs }, reason) {
  console.log(`\n── ${name} ──\nnot run: ${reason}`)
  return { name, ran: 'FAILED', seconds: 0, needs: reason || needs, passed: 0, failed: 1 }
}

/** Prints the table and, alone on the last line, the count; sets the exit code. */
export function conclude(results, elsewhere = []) {
  const rows = [
    ['suite', 'result', 'cases', 'seconds', 'needs'],
    ...results.map(({ name, ran, seconds, needs, passed, failed }) => [
      name,
      ran,
      String(passed + failed),
      seconds.toFixed(1),
      needs,
    ]),
    ...elsewhere.map(({ name, needs }) => [name, 'not here', '', '', needs]),
  ]
  console.log(`\n${table(rows)}\n`)
  const sum = (field) => results.reduce((total, result) => total + result[field], 0)
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
  process.exitCode = sum('failed') === 0 ? 0 : 1
}

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const numeric = (column) => column === 2 || column === 3
  const pad = (text, column) => (numeric(column) ? text.padStart(widths[column]) : text.padEnd(widths[column]))
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n')
}
