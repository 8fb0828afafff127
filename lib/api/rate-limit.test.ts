import { expect, test } from 'vitest'
import { takeCall } from './rate-limit.ts'

test('a thousand calls at once are let through, the next is asked to wait, and nobody else is held up', () => {
  for (let i = 0; i < 1000; i++) takeCall('per_busy', 0)
  expect(() => takeCall('per_busy', 0)).toThrow(/Too many calls/)
  expect(() => takeCall('per_other', 0)).not.toThrow()
  expect(() => takeCall('per_busy', 1000)).not.toThrow()
})
