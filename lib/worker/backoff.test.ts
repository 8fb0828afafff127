import { expect, it } from 'vitest'
import { backoffMs } from './backoff.ts'

it('waits anything up to a limit that doubles with each failure, to half a minute', () => {
  expect([0, 1, 2, 5, 6, 50].map((attempts) => backoffMs(attempts, 1))).toEqual([
    500, 1000, 2000, 16_000, 30_000, 30_000,
  ])
  expect(backoffMs(6, 0.5)).toBe(15_000)
})
it('never hammers a cluster, however the dice fall', () => expect(backoffMs(0, 0)).toBe(100))
it('waits as long as the cluster asked for, and no longer than half a minute', () => {
  expect(backoffMs(0, 0, 7000)).toBe(7000)
  expect(backoffMs(0, 0, 300_000)).toBe(30_000)
})
