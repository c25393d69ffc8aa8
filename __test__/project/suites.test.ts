import { describe, expect, it } from 'vitest'
import { countCargo, countVitest, tool } from '../../.ci/suites.mjs'

describe('counting test cases', () => {
  it('adds up every summary of cargo test', () => {
    const output = [
      'test opening_inverts_sealing ... ok',
      'test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s',
      'test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s',
    ].join('\n')
    expect(countCargo(output)).toEqual({ passed: 15, failed: 2 })
  })

  it('counts a skipped case of vitest as failed', () => {
    const report = JSON.stringify({ numPassedTests: 40, numFailedTests: 1, numPendingTests: 2 })
    expect(countVitest(report)).toEqual({ passed: 40, failed: 3 })
  })

  it('counts a program by its exit code', async () => {
    expect(await tool(process.execPath, ['-e', ''])()).toEqual({ passed: 1, failed: 0 })
    expect(await tool(process.execPath, ['-e', 'process.exit(3)'])()).toEqual({ passed: 0, failed: 1 })
  })

  it('counts a program that cannot be started as failed', async () => {
    expect(await tool('holdfast-no-such-program', [])()).toEqual({ passed: 0, failed: 1 })
  })
})
