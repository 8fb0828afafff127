import { expect, test } from 'vitest'
import { heldInWords } from './held-time.ts'

const at = (time: string) => `2026-11-26T${time}Z`

test('ended access says how long it lasted of what was granted, also when it ended late', () => {
  expect(heldInWords({ activatedAt: at('07:02:29'), endedAt: at('07:03:25') }, 900)).toBe('for 56 s of 15 min')
  expect(heldInWords({ activatedAt: at('07:00:00'), endedAt: at('07:15:04') }, 900)).toBe('for 15 min of 15 min')
  expect(heldInWords({ activatedAt: at('07:00:00'), endedAt: at('07:16:04') }, 900)).toBe('for 16 min of 15 min')
  expect(heldInWords({ activatedAt: at('07:00:00'), endedAt: at('07:00:00') }, 900)).toBe('for 0 s of 15 min')
})

test('access that never began, or has not ended, lasted no time', () => {
  expect(heldInWords({ activatedAt: null, endedAt: at('07:03:25') }, 900)).toBeUndefined()
  expect(heldInWords({ activatedAt: at('07:02:29'), endedAt: null }, 900)).toBeUndefined()
})
