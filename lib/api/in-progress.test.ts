import { expect, test } from 'vitest'
import { AppError } from '#lib/core/access/errors'
import { type Turn, takeTurn } from './in-progress.ts'

const turns = (count: number, personId = 'per_mina') => Array.from({ length: count }, () => takeTurn(personId))

/** Which of these calls have begun. */
async function begun(calls: readonly Turn[]): Promise<number[]> {
  const found: number[] = []
  for (const [index, { begins }] of calls.entries()) void begins.then(() => found.push(index))
  await new Promise(setImmediate)
  return found
}

const endAll = (calls: readonly Turn[]) => {
  for (const { end } of [...calls].reverse()) end()
}

test('four calls of a person are in progress at once, and the others begin in order as those end', async () => {
  const calls = turns(7)
  expect(await begun(calls)).toEqual([0, 1, 2, 3])
  calls[2]?.end()
  expect(await begun(calls)).toEqual([0, 1, 2, 3, 4])
  calls[0]?.end()
  calls[4]?.end()
  expect(await begun(calls)).toEqual([0, 1, 2, 3, 4, 5, 6])
  endAll(calls)
})

test('a call of another person begins at once', async () => {
  const calls = turns(20)
  const other = takeTurn('per_jonas')
  await other.begins
  endAll([...calls, other])
})

test('a person who already has twenty calls in progress is refused, until one of them has ended', () => {
  const calls = turns(20)
  const refused = expect.objectContaining({ code: 'rate-limited', message: expect.stringMatching(/^20 of your calls/) })
  expect(() => takeTurn('per_mina')).toThrow(AppError)
  expect(() => takeTurn('per_mina')).toThrow(refused)
  calls[7]?.end()
  const next = takeTurn('per_mina')
  expect(() => takeTurn('per_mina')).toThrow(refused)
  endAll([...calls, next])
})

test('a call that ends twice, or before it has begun, makes room for exactly one other', async () => {
  const calls = turns(8)
  calls[6]?.end()
  calls[0]?.end()
  calls[0]?.end()
  expect(await begun(calls)).toEqual([0, 1, 2, 3, 4])
  calls[1]?.end()
  calls[2]?.end()
  expect(await begun(calls)).toEqual([0, 1, 2, 3, 4, 5, 7])
  endAll(calls)
  const next = turns(4)
  expect(await begun(next)).toEqual([0, 1, 2, 3])
  endAll(next)
})
