import { expect, test } from 'vitest'
import { AppError } from '#lib/core/access/errors'
import { beginCall } from './in-progress.ts'

const refusalOf = (personId: string): unknown => {
  try {
    beginCall(personId)()
    return null
  } catch (error) {
    return error instanceof AppError ? error.code : error
  }
}

test('a person has at most four calls in progress, and the next one begins when one of them has ended', () => {
  const ends = Array.from({ length: 4 }, () => beginCall('per_mina'))
  expect(refusalOf('per_mina')).toBe('rate-limited')
  expect(refusalOf('per_jonas'), 'another person').toBeNull()
  ends[0]?.()
  expect(refusalOf('per_mina')).toBeNull()
  for (const end of ends) end()
})

test('a call that is ended twice makes room for one other call', () => {
  const ends = Array.from({ length: 4 }, () => beginCall('per_mina'))
  ends[0]?.()
  ends[0]?.()
  const fifth = beginCall('per_mina')
  expect(refusalOf('per_mina')).toBe('rate-limited')
  for (const end of [...ends, fifth]) end()
})
