import { describe } from 'vitest'
import { localFolder } from '../../ts/destinations/local-folder.ts'
import { testFolder } from '../seal/folder.ts'
import { testDestination } from './contract.ts'

const folder = testFolder()

describe('a local folder', () => {
  testDestination(async () => localFolder(folder.fresh()))
})
