import { afterEach, expect, test, vi } from 'vitest'
import { noteTokenReview, storeTokenReviews } from './token-review-times.ts'

afterEach(() => vi.useRealTimers())

test('the last TokenReview of each cluster is stored once, at most every ten seconds, and again after a failure', async () => {
  vi.useFakeTimers({ now: 1_800_000_000_000 })
  const stored: [string, number][] = []
  const store = async (cluster: string, secondsAgo: number) => void stored.push([cluster, secondsAgo])
  const taken = async () => {
    await storeTokenReviews(store)
    return stored.splice(0)
  }
  expect(await taken()).toEqual([])
  noteTokenReview('prod-eu')
  vi.advanceTimersByTime(3_000)
  await expect(storeTokenReviews(() => Promise.reject(new Error('the database is away')))).rejects.toThrow()
  expect(await taken()).toEqual([['prod-eu', 3]])
  expect(await taken()).toEqual([])
  noteTokenReview('prod-eu')
  expect(await taken()).toEqual([])
  vi.advanceTimersByTime(8_000)
  noteTokenReview('prod-eu')
  noteTokenReview('prod-us')
  expect(await taken()).toEqual([
    ['prod-eu', 0],
    ['prod-us', 0],
  ])
})
