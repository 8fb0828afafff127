import { expect, test, vi } from 'vitest'
import { AppError, notFound } from './errors.ts'

test('an AppError from another copy of this module is recognized, and no other error is', async () => {
  vi.resetModules()
  const another = await import('./errors.ts')
  expect(another.AppError).not.toBe(AppError)
  expect(another.notFound()).toBeInstanceOf(AppError)
  expect(notFound()).toBeInstanceOf(AppError)
  expect(new Error('not-found')).not.toBeInstanceOf(AppError)
  expect({ code: 'not-found', name: 'AppError' }).not.toBeInstanceOf(AppError)
})
