// Which functions may an expression call? Those of the Kubernetes CEL libraries whose cost Postern can bound.
import type { Environment } from '@marcbachmann/cel-js'
import { RE2JS } from 're2js'
import { Temporal } from 'temporal-polyfill'
import { isZone } from '#lib/core/guardrails/hours/zone'
import { listOf, one, type Shape, text } from './vocabulary.ts'

/** The cost of a call in steps, and how large its result can be. `shapes` begins with the receiver. */
type Call = {
  cost: (shapes: readonly Shape[], literals: readonly unknown[]) => number
  shape: (shapes: readonly Shape[]) => Shape
}

const lengthOf = (shape: Shape | undefined): number => (shape && 'max' in shape ? shape.max : 0)
/** Steps to read a text once: ten characters per step, as the API server counts them. */
const scan = (shape: Shape | undefined) => 1 + lengthOf(shape) / 10
const textLike = (shape: Shape | undefined) => text(lengthOf(shape))
const elementsOf = (shape: Shape | undefined) => (shape?.kind === 'list' ? shape.max * lengthOf(shape.of) : 0)

const cheap: Call = { cost: () => 2, shape: () => one }
const search: Call = { cost: ([of, what]) => scan(of) + scan(what), shape: () => one }
const copy: Call = { cost: ([of]) => 2 * scan(of), shape: ([of]) => textLike(of) }

// Patterns are literals of the policy, so there are few. The bound is for a process that tries many policies.
const patterns = new Map<string, RE2JS>()
function patternOf(pattern: string): RE2JS {
  const known = patterns.get(pattern) ?? RE2JS.compile(pattern)
  if (patterns.size > 5_000) patterns.clear()
  patterns.set(pattern, known)
  return known
}

/** Does the pattern match anywhere in the text? RE2 takes time proportional to the text, whatever the pattern. */
export const matches = (value: string, pattern: string): boolean => patternOf(pattern).matcher(value).find()

/** What is wrong with a pattern, or null. */
export function patternProblem(pattern: unknown): string | null {
  if (typeof pattern !== 'string')
    return 'The pattern must be a string literal, so that it can be checked when the policy is loaded'
  if (pattern.length > 200) return 'The pattern is longer than 200 characters'
  try {
    patternOf(pattern)
    return null
  } catch (error) {
    const reason = (error instanceof Error ? error.message : '').replace(/^error parsing regexp: /, '')
    return `The pattern is not RE2 syntax: ${reason}`
  }
}

const matching: Call = {
  // In the worst case, every character is compared with every instruction of the pattern.
  cost: ([of], [, pattern]) =>
    10 + (lengthOf(of) * (typeof pattern === 'string' ? patternOf(pattern).programSize() : 1_000)) / 10,
  shape: () => one,
}

const parts = ['getFullYear', 'getMonth', 'getDayOfMonth', 'getDate', 'getDayOfWeek', 'getDayOfYear'] as const
const timeParts = ['getHours', 'getMinutes', 'getSeconds', 'getMilliseconds'] as const

/** Methods by name. The macros of lists are in `cost.ts`. */
export const methods: Readonly<Record<string, Call>> = {
  size: { cost: ([of]) => (of?.kind === 'text' ? scan(of) : 2), shape: () => one },
  startsWith: { cost: ([, what]) => 1 + scan(what), shape: () => one },
  endsWith: { cost: ([, what]) => 1 + scan(what), shape: () => one },
  contains: { cost: ([of, what]) => 1 + scan(of) * scan(what), shape: () => one },
  indexOf: { cost: ([of, what]) => 1 + scan(of) * scan(what), shape: () => one },
  lastIndexOf: { cost: ([of, what]) => 1 + scan(of) * scan(what), shape: () => one },
  lowerAscii: copy,
  upperAscii: copy,
  trim: copy,
  substring: copy,
  split: { cost: ([of]) => 2 + lengthOf(of), shape: ([of]) => listOf(lengthOf(of) + 1, textLike(of)) },
  join: {
    cost: ([of, by]) => 2 + (elementsOf(of) + lengthOf(of) * lengthOf(by)) / 5,
    shape: ([of, by]) => text(elementsOf(of) + lengthOf(of) * lengthOf(by)),
  },
  matches: matching,
  ...Object.fromEntries([...parts, ...timeParts].map((name) => [name, { cost: () => 60, shape: () => one }])),
}

/** Functions by name. */
export const functions: Readonly<Record<string, Call>> = {
  size: methods.size ?? cheap,
  string: { cost: () => 4, shape: ([of]) => text(Math.max(lengthOf(of), 30)) },
  int: cheap,
  double: cheap,
  timestamp: { cost: () => 20, shape: () => one },
  duration: { cost: () => 20, shape: () => one },
  matches: { ...search, ...matching },
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/
const goDuration = /^[+-]?(\d+(\.\d+)?(h|m|s|ms))+$/

/**
 * What is wrong with the arguments that must be literals, or null.
 * @param literals the value of each argument (for methods, receiver first); undefined where it is not a literal
 */
export function literalProblem(name: string, literals: readonly unknown[]): string | null {
  if (name === 'matches') return patternProblem(literals[1])
  const only = literals.at(-1)
  if (name === 'timestamp') {
    const good = typeof only === 'string' && rfc3339.test(only) && !Number.isNaN(Date.parse(only))
    return good ? null : "timestamp() takes a literal such as '2026-11-23T09:00:00Z'"
  }
  if (name === 'duration') {
    const good = typeof only === 'string' && goDuration.test(only) && only.length < 40
    return good ? null : "duration() takes a literal such as '90m' or '1h30m'"
  }
  if (isTimePart(name) && literals.length === 2 && !(typeof only === 'string' && isZone(only))) {
    return `The time zone of ${name} must be a literal IANA name such as 'Europe/Berlin'`
  }
  return null
}

const isTimePart = (name: string) => [...parts, ...timeParts].some((part) => part === name)

/**
 * The name of Postern's own version of a function, where the library's is not safe: its `matches` backtracks, and its
 * date and time getters depend on the time zone of the process.
 */
export function ownName(name: string, argumentCount: number): string {
  if (name === 'matches') return 'matchesRe2'
  if ((parts as readonly string[]).includes(name)) return `${name}In`
  if (isTimePart(name) && argumentCount === 1) return `${name}In`
  return name
}

type Zoned = Temporal.ZonedDateTime
const readers: Record<(typeof parts)[number] | (typeof timeParts)[number], (at: Zoned) => number> = {
  getFullYear: (at) => at.year,
  getMonth: (at) => at.month - 1,
  getDayOfMonth: (at) => at.day - 1,
  getDate: (at) => at.day,
  getDayOfWeek: (at) => at.dayOfWeek % 7,
  getDayOfYear: (at) => at.dayOfYear - 1,
  getHours: (at) => at.hour,
  getMinutes: (at) => at.minute,
  getSeconds: (at) => at.second,
  getMilliseconds: (at) => at.millisecond,
}

/** Registers Postern's own versions of functions; see `ownName`. */
export function registerFunctions(environment: Environment): Environment {
  environment.registerFunction('string.matchesRe2(string): bool', matches)
  environment.registerFunction('matchesRe2(string, string): bool', matches)
  for (const [name, read] of Object.entries(readers)) {
    const handler = (at: Date, zone = 'UTC') =>
      BigInt(read(Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone)))
    environment.registerFunction(`google.protobuf.Timestamp.${name}In(string): int`, handler)
    if ((parts as readonly string[]).includes(name)) {
      environment.registerFunction(`google.protobuf.Timestamp.${name}In(): int`, handler)
    }
  }
  return environment
}
