import { expect, it } from 'vitest'
import { withConcurrency } from './with-concurrency.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

it('gives results in order and never runs more than the limit at once', async () => {
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

it('throws the first failure once nothing is under way, and begins nothing more', async () => {
  const finished: number[] = []
  const work = withConcurrency(2, [1, 2, 3, 4], async (item) => {
    if (item === 1) throw new Error('first')
    await turn()
    finished.push(item)
  })
  await expect(work).rejects.toThrow('first')
  expect(finished).toEqual([2])
})

it('does nothing with nothing', async () => expect(await withConcurrency(4, [], async () => 1)).toEqual([]))
