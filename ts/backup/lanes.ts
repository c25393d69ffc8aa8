/**
 * Does `work` for every item, at most `lanes` at a time, in the order of the items. The first failure ends it, after what
 * had begun.
 *
 * @internal
 */
export async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = items.values()
  let failed = false
  const lane = async (): Promise<void> => {
    for (const item of rest) {
      if (failed) return
      try {
        await work(item)
      } catch (thrown) {
        failed = true
        throw thrown
      }
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: lanes }, lane))
  const first = outcomes.find((outcome) => outcome.status === 'rejected')
  if (first) throw first.reason
}
