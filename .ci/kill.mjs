// npm run test:kill: 1,000 processes killed in backups and restores. HOLDFAST_TEST_SEED=N, as a run prints it, repeats one;
// a RAM disk as TMPDIR, which need not be flushed, makes it several times as fast.
import { prepare } from './prepare.mjs'
import { conclude, runSuite } from './report.mjs'
import { vitest } from './suites.mjs'

await prepare()
conclude([await runSuite({ name: 'kill', needs: 'vitest', steps: [vitest('kill')] })])
