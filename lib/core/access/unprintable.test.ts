import { expect, test } from 'vitest'
import { unprintable } from './unprintable.ts'

test('exactly the control and format characters of Unicode are unprintable', () => {
  const [ours, unicode] = [new RegExp(`[${unprintable}]`, 'u'), /[\p{Cc}\p{Cf}]/u]
  const different = Array.from({ length: 0x110000 }, (_, code) => code).filter((code) => {
    const text = String.fromCodePoint(code)
    return ours.test(text) !== unicode.test(text)
  })
  expect(different.map((code) => code.toString(16))).toEqual([])
})
