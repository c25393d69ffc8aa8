// npm test: installs, builds, then every suite that needs only Node and Rust.
import { prepare } from './prepare.mjs'
import { blocked, conclude, runSuite } from './report.mjs'
import { ELSEWHERE, HERE } from './suites.mjs'

const results = [await runSuite({ name: 'install and build', needs: 'Node, Rust, cc', steps: [built] })]
const ready = results[0].failed === 0

for (const suite of HERE) {
  results.push(suite.built && !ready ? blocked(suite, 'the build failed') : await runSuite(suite))
}
conclude(results, ELSEWHERE)

async function built() {
  try {
    await prepare({ faults: true })
    return { passed: 1, failed: 0 }
  } catch (error) {
    console.error(error.message)
    return { passed: 0, failed: 1 }
  }
}
