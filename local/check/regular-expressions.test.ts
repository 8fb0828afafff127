import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'vite'
import { expect, test } from 'vitest'

// No text makes Postern think for long. Patterns of the configuration are RE2, which is linear by its nature; here every
// pattern of our own code is pumped with texts made from its own pieces, and has to stay linear.

/** Characters. Twice this is four times the work for a pattern that is not linear, and hardly any for one that is. */
const length = 12_000
/** Milliseconds of processor time, whatever else this machine does. A linear pattern needs less than one. */
const patience = 100

/** Not linear, and never given a text of any length. */
const bounded = new Map([
  ['(?<=[^+@])\\+[^@]*(?=@[^@]*$)', 'e-mail addresses of at most 320 characters (lib/adapters/auth/claims.ts)'],
])

const isOurs = (path: string) => /\.tsx?$/.test(path) && !/\.test\.|\.testing\.|(^|\/)(testing|generated)\//.test(path)

const files = ['lib', 'app', 'components', 'cli']
  .flatMap((room) => readdirSync(room, { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)))
  .concat('proxy.ts', 'instrumentation.ts', 'instrumentation-node.ts')
  .filter(isOurs)

type Pattern = { file: string; pattern: string; flags: string }

/** Every pattern that is written out in a file. */
function patternsIn(file: string): Pattern[] {
  const found: Pattern[] = []
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { regex } = node as { regex?: { pattern: string; flags: string } }
    if (regex) found.push({ file, ...regex })
    for (const child of Object.values(node)) visit(child)
  }
  visit(parseSync(file, readFileSync(file, 'utf8')).program)
  return found
}

/** Texts from which an attacker would begin: pieces of the pattern and of what such classes mostly hold, repeated. */
function pumped(pattern: string): string[] {
  const plain = pattern.replace(/\\[dDwWsSbBpP](\{[^}]*\})?/g, ' ').replace(/\\(.)/g, '$1')
  const words = (plain.match(/[A-Za-z0-9"'`:.@,=/ _$#%>-]{1,12}/g) ?? []).flatMap((word) => [word, word.slice(0, 3)])
  const pieces = [...new Set(['a', 'A', '0', ' ', '-', '.', '/', '"', "'", '_', '\t', ':', '=', ...words, ...plain])]
  const pairs = pieces.slice(0, 24).flatMap((one) =>
    pieces.slice(0, 8).flatMap((other) => [
      ['', one + other],
      [one, other],
    ]),
  )
  const all = [...pieces.slice(0, 60).map((piece) => ['', piece]), ...pairs]
  return all.map(([before = '', piece = '']) => `${before}${piece.repeat(Math.ceil(length / piece.length))}\u0001`)
}

/** The text that takes longer than it may, or undefined. */
function slowText({ pattern, flags }: Pattern): string | undefined {
  const expression = new RegExp(pattern, flags)
  return pumped(pattern).find((text) => {
    const began = process.cpuUsage()
    if (flags.includes('g')) text.replace(expression, '')
    else expression.test(text)
    return process.cpuUsage(began).user / 1000 > patience
  })
}

test('no pattern of our own takes long for any text that is made to hurt it', { timeout: 120_000 }, () => {
  const patterns = files.flatMap(patternsIn)
  expect(patterns.length).toBeGreaterThan(100)
  const slow = patterns
    .filter(({ pattern }) => !bounded.has(pattern))
    .flatMap((one) => {
      const text = slowText(one)
      return text === undefined
        ? []
        : [`${one.file}: /${one.pattern}/${one.flags} on ${JSON.stringify(text.slice(0, 12))}…`]
    })
  expect(slow).toEqual([])
})

test('the search finds what it is for', { timeout: 30_000 }, () => {
  for (const pattern of ['\\s+$', '\\/+$', 'eyJ[\\w-]{8,}\\.']) {
    expect(slowText({ file: '', pattern, flags: '' }), pattern).toBeDefined()
  }
})
