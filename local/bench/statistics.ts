/** The p-th percentile (0–100) by the nearest-rank method; NaN if there are no values. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN
}

/** Runs `work` for each number below `count`, at most `width` at once. Resolves to the total time in seconds. */
export async function inParallel(
  count: number,
  width: number,
  work: (index: number) => Promise<void>,
): Promise<number> {
  const start = performance.now()
  let next = 0
  const lane = async () => {
    for (let index = next++; index < count; index = next++) await work(index)
  }
  await Promise.all(Array.from({ length: width }, lane))
  return (performance.now() - start) / 1000
}
