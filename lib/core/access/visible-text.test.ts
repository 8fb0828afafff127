import { expect, test } from 'vitest'
import { visibleText } from './visible-text.ts'

const asRead = (text: string) =>
  visibleText(text)
    .map((part) => ('text' in part ? part.text : `[${part.codePoint}]`))
    .join('')

test('plain text in any script is shown unchanged', () => {
  for (const text of ['', 'restart api\nthen watch\tit', 'Ångström 中文 עברית', '👩‍🚒']) expect(asRead(text)).toBe(text)
})

test('a character that reorders text is shown as its code point and reorders nothing', () => {
  expect(asRead('get \u202Esdop\u202C')).toBe('get [U+202E]sdop[U+202C]')
  expect(asRead('\u2066a\u2069')).toBe('[U+2066]a[U+2069]')
})

test('an invisible character is shown as its code point', () => {
  expect(asRead('pay\u200Bments')).toBe('pay[U+200B]ments')
  expect(asRead('a\u0007b\u001b[31m')).toBe('a[U+0007]b[U+001B][31m')
  expect(asRead('\u3164')).toBe('[U+3164]')
  expect(asRead('x\ud800y')).toBe('x[U+D800]y')
})
