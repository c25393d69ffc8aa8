import { mkdirSync } from 'node:fs'
import { it } from 'vitest'
import { testFolder } from '../seal/folder.ts'
import { Campaign } from './campaign.ts'
import { Random, seed } from './random.ts'

const folder = testFolder()

it('row 28: killed 30 times in backups and restores, a repository has lost nothing and keeps nothing half done', async () => {
  const chosen = seed()
  console.log(`HOLDFAST_TEST_SEED=${chosen}`)
  mkdirSync(folder.at('one'))
  await new Campaign(folder.at('one'), new Random(chosen)).run(30)
}, 300_000)
