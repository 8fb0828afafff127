import { expect, test } from 'vitest'
import { tokenSeconds } from './token-lifetime.ts'

test.each([
  [1, 600],
  [599.5, 600],
  [600.2, 601],
  [3599, 3599],
  [3607, 3600],
  [86_400, 3600],
])('a token for a grant with %d s left is valid for %d s', (left, seconds) => expect(tokenSeconds(left)).toBe(seconds))
