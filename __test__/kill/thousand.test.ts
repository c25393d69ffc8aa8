import { mkdirSync } from 'node:fs'
import { it } from 'vitest'
import { testFolder } from '../seal/folder.ts'
import { Campaign } from './campaign.ts'
import { Random, seed } from './random.ts'

/** Fifty repositories, each killed twenty times: snapshots stay few enough to restore them all. */
const CAMPAIGNS = 50
const KILLS = 20

const folder = testFolder()
const chosen = seed()
console.log(`HOLDFAST_TEST_SEED=${chosen}`)

it.each(Array.from({ length: CAMPAIGNS }, (_, index) => index + 1))(
  'row 28: killed 20 times in backups and restores, repository %d has lost nothing and keeps nothing half done',
  async (number) => {
    mkdirSync(folder.at('one'))
    await new Campaign(folder.at('one'), new Random(chosen + number)).run(KILLS)
  },
)
