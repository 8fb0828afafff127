import fc from 'fast-check'

/** Any character but half of a pair. */
const character = fc
  .oneof(
    { weight: 1, arbitrary: fc.nat(0xd7ff) },
    { weight: 19, arbitrary: fc.integer({ min: 0xe000, max: 0x10ffff }) },
  )
  .map((code) => String.fromCodePoint(code))

/** Any text. fast-check's own `unit: 'binary'` first lists all characters, which takes seconds where code is interpreted. */
export const anyText = (maxLength: number) => fc.string({ unit: character, maxLength })
