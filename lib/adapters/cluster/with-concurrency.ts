/**
 * Runs `each` for every item, at most `limit` at a time, and returns the results in order. It throws the first failure
 * after all running calls have ended, so that no call to a cluster is still running when the caller goes on.
 */
export async function withConcurrency<T, R>(
  limit: number,
  items: readonly T[],
  each: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length)
  let next = 0
  let failure: { error: unknown } | undefined
  async function lane() {
    while (next < items.length && !failure) {
      const index = next++
      try {
        results[index] = await each(items[index] as T)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane))
  if (failure) throw failure.error
  return results
}
