import { expect, test } from 'vitest'
import {
  acceptedSeconds,
  handOverSeconds,
  tokenSeconds,
  vouchedCacheSeconds,
  vouchedTokenSeconds,
} from './token-lifetime.ts'

test.each([
  [1, 600],
  [599.5, 600],
  [600.2, 601],
  [3599, 3599],
  [3607, 3600],
  [86_400, 3600],
])('a token for a grant with %d s left is valid for %d s', (left, seconds) => expect(tokenSeconds(left)).toBe(seconds))

test.each([
  [0.9, 0],
  [30.9, 30],
  [7200, 3600],
])('a token that Postern signs for a grant with %d s left is valid for %d s', (left, seconds) =>
  expect(vouchedTokenSeconds(left)).toBe(seconds),
)

test('a token for which Postern no longer vouches is refused after both caches of the API server, whose default is known', () => {
  expect(vouchedCacheSeconds(10)).toBe(25)
  expect(vouchedCacheSeconds(undefined)).toBe(135)
})

test('a token of access that was extended is accepted for as long again as Postern vouches for it across the extension', () => {
  expect(acceptedSeconds('revocation', 10)).toBe(25)
  expect(acceptedSeconds(null)).toBe(135)
  expect(acceptedSeconds('superseded', 10)).toBe(handOverSeconds + 25)
})
