import { expect, test } from 'vitest'
import { storedKey } from './stored-text.ts'

test('two findings about long names that begin alike have two keys, and a short key is the text itself', () => {
  const long = `takeover User ${'x'.repeat(2_000)}`
  expect(storedKey(`${long}a`)).not.toBe(storedKey(`${long}b`))
  // A lone surrogate can't be stored, and two of them become the same character.
  expect(storedKey('b\ud800')).not.toBe(storedKey('b\ud801'))
  expect(storedKey('takeover User eve')).toBe('takeover User eve')
})
