import { expect, test } from 'vitest'
import { isRenewalDue, lifeSecondsOf, longestValid } from './own-token-renewal.ts'

const at = (minute: number) => new Date(Date.UTC(2026, 10, 27, 12, minute))
const token = { issuedAt: at(0), expiresAt: at(10) }

test('a token is renewed once half of its life is over, and also when all of it is', () => {
  expect([4, 5, 9, 20].map((minute) => isRenewalDue(token, at(minute)))).toEqual([false, true, true, true])
})

test('a token lives as long as the one before it, and never less than an API server allows', () => {
  expect(lifeSecondsOf({ issuedAt: at(0), expiresAt: at(30) })).toBe(1800)
  expect(lifeSecondsOf({ issuedAt: at(0), expiresAt: at(1) })).toBe(600)
})

test('the token that is valid for the longest time is used', () => {
  const later = { issuedAt: at(5), expiresAt: at(15) }
  expect(longestValid(token, null, later)).toBe(later)
  expect(longestValid(later, token)).toBe(later)
  const sameSecond = { ...token }
  expect(longestValid(token, sameSecond)).toBe(sameSecond)
})
