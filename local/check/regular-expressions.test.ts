import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { check } from 'recheck'
import { parseSync } from 'vite'
import { expect, test, vi } from 'vitest'
import { durationPattern } from '#lib/core/access/duration'
import { idText } from '#lib/core/access/ids'
import { unprintable } from '#lib/core/access/unprintable'
import { refusedAddressPatterns } from '#lib/core/rbac/paste/refusal-addresses'

// No input makes one of Postern's own regular expressions take more than linear time. recheck decides this from the
// pattern alone: with automata if the pattern is regular, otherwise with a search that counts the engine's steps. Nothing
// here measures time. Patterns in the configuration are RE2, which is linear by design.

// The native build of recheck finds the same in a tenth of the time. The plain JavaScript build runs on every platform, and
// neither needs Java.
vi.stubEnv('RECHECK_BACKEND', process.platform === 'linux' && process.arch === 'x64' ? 'native' : 'pure')

/** Checks have no time limits, only limits on steps, so that the result is the same on every machine. */
const limits = { timeout: null, attackTimeout: null, incubationTimeout: null, seedingTimeout: null }
/** Makes recheck use automata for patterns with `{1,253}` too; otherwise it would only search. */
const parameters = { ...limits, maxRepeatCount: 1500, randomSeed: 1 }

/** Patterns that are built at run time: one example for each file that builds them. */
const built: Record<string, string[]> = {
  'lib/core/access/duration.ts': [durationPattern.source],
  'lib/core/access/ids.ts': [`^${idText('request')}$`],
  'lib/core/access/policy-trial.ts': [`^(?:${idText('request')})?\\.(?:${idText('event')})?$`],
  'lib/core/access/request.ts': [
    '^[^\\u0000-\\u0008\\u007f-\\u009f\\u202a-\\u202e]*$',
    '^[\\t\\n\\r \\u00a0\\ufeff]*[^\\t\\n\\r \\u00a0\\ufeff\\u0000-\\u0008][^\\u0000-\\u0008]*$',
    `^[^${unprintable}]+$`,
  ],
  'lib/core/access/revocation-scope.ts': [`^[^${unprintable}]{1,320}$`],
  'lib/core/access/rule.ts': [`^[^/\\s${unprintable}]+$`],
  'lib/core/guardrails/configured/schema.ts': ['^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$'],
  'lib/core/rbac/paste/readings.ts': ['\\x1b(?:\\[[0-9;?]{0,32}[@-~]|\\][^\\x1b\\u0007]{0,512}(?:\\u0007|\\x1b\\\\))'],
  'lib/core/rbac/paste/refusal-addresses.ts': refusedAddressPatterns.map(({ source }) => source),
}

const isProduction = (path: string) =>
  /\.(tsx?|mjs)$/.test(path) && !/\.test\.|\.testing\.|(^|\/)(testing|generated)\//.test(path)

const files = ['lib', 'app', 'components', 'cli', 'prisma']
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
  .concat('proxy.ts', 'instrumentation.ts', 'instrumentation-node.ts')
  .filter(isProduction)

type Pattern = { file: string; pattern: string; flags: string }

/** The regular expression literals of a source text, and the number of patterns that it builds from strings. */
function patternsIn(file: string, source: string): { literals: Pattern[]; builds: number } {
  const literals: Pattern[] = []
  let builds = 0
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { type, callee, regex } = node as {
      type?: string
      callee?: { name?: string }
      regex?: { pattern: string; flags: string }
    }
    if (regex) literals.push({ file, ...regex })
    if ((type === 'NewExpression' || type === 'CallExpression') && callee?.name === 'RegExp') builds += 1
    for (const child of Object.values(node)) visit(child)
  }
  visit(parseSync(file, source).program)
  return { literals, builds }
}

/** Why the pattern may take more than linear time, or null. A pattern that recheck cannot analyse counts as slow. */
async function whySlow({ pattern, flags }: Omit<Pattern, 'file'>): Promise<string | null> {
  const result = await check(pattern, flags, parameters)
  if (result.status === 'safe') return null
  if (result.status === 'unknown') return `/${pattern}/${flags} could not be analysed: ${result.error.kind}`
  return `/${pattern}/${flags} is ${result.complexity.summary} on ${result.attack.pattern}`
}

const found = files.map((file) => ({ file, ...patternsIn(file, readFileSync(file, 'utf8')) }))

test('every regular expression of the production code takes linear time', { timeout: 900_000 }, async () => {
  const literals = found.flatMap((one) => one.literals)
  const ofStrings = Object.entries(built).flatMap(([file, patterns]) =>
    patterns.map((pattern): Pattern => ({ file, pattern, flags: 'u' })),
  )
  expect(literals.length).toBeGreaterThan(100)
  const distinct = Map.groupBy([...literals, ...ofStrings], ({ pattern, flags }) => `/${pattern}/${flags}`)
  const slow: string[] = []
  for (const [one, ...others] of distinct.values()) {
    const why = one && (await whySlow(one))
    if (why) slow.push(`${[one, ...others].map(({ file }) => file).join(', ')}: ${why}`)
  }
  expect(slow).toEqual([])
})

test('every file of the production code that builds patterns from strings is listed here', () => {
  const counts = found.flatMap(({ file, builds }) => (builds > 0 ? [[file, builds]] : []))
  expect(Object.fromEntries(counts)).toEqual(
    Object.fromEntries(Object.entries(built).map(([file, patterns]) => [file, patterns.length])),
  )
})

test.each([
  ['\\s+$', 'polynomial'],
  ['\\/+$', 'polynomial'],
  ['eyJ[\\w-]{8,}\\.', 'polynomial'],
  ['^(.+) == (.+)$', 'polynomial'],
  // A lookaround needs the search instead of automata.
  ['(?<=[^+@])\\+[^@]*(?=@[^@]*$)', 'polynomial'],
  ['(a+)+$', 'exponential'],
  ['^(a|a)*$', 'exponential'],
])('/%s/ is found to be %s', { timeout: 300_000 }, async (pattern, complexity) => {
  expect(await whySlow({ pattern, flags: '' })).toContain(complexity)
})

test('literals and built patterns are found anywhere in a file', () => {
  const source = `const a = { b: [text.replace(/x+$/g, '')] }\nfunction f(p: string) { return new RegExp(p) }`
  expect(patternsIn('any.ts', source)).toEqual({
    literals: [{ file: 'any.ts', pattern: 'x+$', flags: 'g' }],
    builds: 1,
  })
})
