import { expect, test } from 'vitest'
import { backoffMs } from './backoff.ts'

test('the limit of a random backoff doubles with each failure, up to half a minute', () => {
  const limits = [0, 1, 2, 5, 6, 50].map((attempts) => backoffMs(attempts, 1))
  expect(limits).toEqual([500, 1000, 2000, 16_000, 30_000, 30_000])
  expect(backoffMs(6, 0.5)).toBe(15_000)
})

test('a backoff is never shorter than 100 ms', () => expect(backoffMs(0, 0)).toBe(100))

test('a backoff is as long as the cluster asked for, up to half a minute', () => {
  expect(backoffMs(0, 0, 7000)).toBe(7000)
  expect(backoffMs(0, 0, 300_000)).toBe(30_000)
})
