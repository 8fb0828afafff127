import { expect, test } from 'vitest'
import { withConcurrency } from './with-concurrency.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('results are in order, and no more calls run at once than the limit allows', async () => {
  let running = 0
  let most = 0
  const results = await withConcurrency(3, [5, 4, 3, 2, 1, 0], async (turns) => {
    running += 1
    most = Math.max(most, running)
    for (let i = 0; i < turns; i++) await turn()
    running -= 1
    return turns * 10
  })
  expect(results).toEqual([50, 40, 30, 20, 10, 0])
  expect(most).toBe(3)
})

test('the first failure is thrown after all running calls have ended, and no new call starts', async () => {
  const finished: number[] = []
  const work = withConcurrency(2, [1, 2, 3, 4], async (item) => {
    if (item === 1) throw new Error('first')
    await turn()
    finished.push(item)
  })
  await expect(work).rejects.toThrow('first')
  expect(finished).toEqual([2])
})

test('an empty list yields an empty result', async () =>
  expect(await withConcurrency(4, [], async () => 1)).toEqual([]))
