import { expect } from 'vitest'
import { type AnyHoldfastError, isHoldfastError } from '../../ts/index.ts'

/** The error of this package that `work` throws. */
export function failureOf(work: () => unknown): AnyHoldfastError {
  try {
    work()
  } catch (thrown) {
    if (isHoldfastError(thrown)) return thrown
    throw thrown
  }
  return expect.fail('it did not throw')
}

/** The error of this package that `work` rejects with. */
export async function rejectionOf(work: Promise<unknown>): Promise<AnyHoldfastError> {
  const outcome = await work.then(
    () => expect.fail('it did not reject'),
    (thrown: unknown) => thrown,
  )
  if (isHoldfastError(outcome)) return outcome
  throw outcome
}
