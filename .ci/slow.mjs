// npm run test:slow: the properties with 20 times as many runs, and the tests that take long by nature.
import { prepare } from './prepare.mjs'
import { conclude, runSuite } from './report.mjs'
import { cargoTest, vitest } from './suites.mjs'

process.env.SLOW = '1'
await prepare({ faults: true })
conclude([
  await runSuite({
    name: 'rust, 20 times',
    needs: 'cargo',
    steps: [
      cargoTest(['--workspace', '--', '--include-ignored'], { PROPTEST_CASES: String(256 * 20) }),
      cargoTest(['--package', 'holdfast-seal', '--features', 'faults']),
    ],
  }),
  await runSuite({ name: 'typescript, 20 times', needs: 'vitest', steps: [vitest('unit', 'slow', 'kill')] }),
])
