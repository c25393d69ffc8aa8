import { describe } from 'vitest'
import { Memory } from '../doubles/memory.ts'
import { testDestination } from './contract.ts'

describe('the destination in memory', () => {
  testDestination(async () => new Memory())
})
