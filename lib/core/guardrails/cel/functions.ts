// Which functions may an expression call? Those of the Kubernetes CEL libraries whose cost Postern can bound. Their results
// are those of Kubernetes, which local/cel checks.
import { RE2JS } from 're2js'
import { Temporal } from 'temporal-polyfill'
import { isTimeZone } from '#lib/core/access/time-zone'
import { bool, double, duration, int, listOf, type Shape, text, timestamp } from './shape.ts'
import { indexOf, lastIndexOf, lowerAscii, sizeOfText, split, substring, trim, upperAscii } from './text.ts'
import {
  type Duration,
  EvaluationError,
  isInt64,
  parseDuration,
  parseTimestamp,
  Timestamp,
  type Value,
} from './values.ts'

type Call = {
  /** The types of the arguments (for methods, receiver first), one text for each overload. */
  takes: readonly string[]
  /** The cost of a call in steps. */
  cost: (shapes: readonly Shape[], literals: readonly unknown[]) => number
  /** The type of the result, and how large it can be. */
  returns: (shapes: readonly Shape[]) => Shape
  run: (...args: never[]) => Value
}

const lengthOf = (shape: Shape | undefined): number => (shape && 'max' in shape ? shape.max : 0)
/** Steps to read a text once: ten characters per step, as the API server counts them. */
const scan = (shape: Shape | undefined) => 1 + lengthOf(shape) / 10
const textLike = (shape: Shape | undefined) => text(lengthOf(shape))
const elementsOf = (shape: Shape | undefined) => (shape?.kind === 'list' ? shape.max * lengthOf(shape.of) : 0)

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
  takes: ['string, string'],
  // In the worst case, every character is compared with every instruction of the pattern.
  cost: ([of], [, pattern]) =>
    10 + (lengthOf(of) * (typeof pattern === 'string' ? patternOf(pattern).programSize() : 1_000)) / 10,
  returns: () => bool,
  run: matches,
}

const size: Call = {
  takes: ['string', 'list', 'map'],
  cost: ([of]) => (of?.kind === 'string' ? scan(of) : 2),
  returns: () => int,
  run: (of: string | readonly Value[] | ReadonlyMap<string, Value>) => {
    if (typeof of === 'string') return BigInt(sizeOfText(of))
    return BigInt(of instanceof Map ? of.size : (of as readonly Value[]).length)
  },
}

type Zoned = Temporal.ZonedDateTime
const readers: Readonly<Record<string, (at: Zoned) => number>> = {
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
/** The getters that durations have as well, with the nanoseconds of one unit. */
const lengths: Readonly<Record<string, bigint>> = {
  getHours: 3_600_000_000_000n,
  getMinutes: 60_000_000_000n,
  getSeconds: 1_000_000_000n,
  getMilliseconds: 1_000_000n,
}

/** NB: Go adds the fraction as a float64, which can round up to the next unit, and so do we. */
function countOf(unit: bigint, { ns }: Duration): bigint {
  if (unit === 1_000_000n) return ns / unit
  return BigInt(Math.trunc(Number(ns / unit) + Number(ns % unit) / Number(unit)))
}

const getters = Object.entries(readers).map(([name, read]): [string, Call] => {
  const unit = lengths[name]
  const run = (of: Timestamp | Duration, zone = 'UTC') =>
    of instanceof Timestamp
      ? BigInt(read(Temporal.Instant.fromEpochNanoseconds(of.ns).toZonedDateTimeISO(zone)))
      : countOf(unit ?? 1n, of)
  const takes = ['timestamp', 'timestamp, string', ...(unit ? ['duration'] : [])]
  return [name, { takes, cost: () => 60, returns: () => int, run }]
})

const searches = {
  takes: ['string, string'],
  cost: ([of, what]: readonly Shape[]) => 1 + scan(of) * scan(what),
  returns: () => bool,
}
const compares = { ...searches, cost: ([, what]: readonly Shape[]) => 1 + scan(what) }
const finds = { ...searches, takes: ['string, string', 'string, string, int'], returns: () => int }
const copies = {
  takes: ['string'],
  cost: ([of]: readonly Shape[]) => 2 * scan(of),
  returns: ([of]: readonly Shape[]) => textLike(of),
}

/** Methods by name. The macros of lists are in `check.ts`. */
export const methods: Readonly<Record<string, Call>> = {
  size,
  startsWith: { ...compares, run: (of: string, what: string) => of.startsWith(what) },
  endsWith: { ...compares, run: (of: string, what: string) => of.endsWith(what) },
  contains: { ...searches, run: (of: string, what: string) => of.includes(what) },
  indexOf: { ...finds, run: indexOf },
  lastIndexOf: { ...finds, run: lastIndexOf },
  lowerAscii: { ...copies, run: lowerAscii },
  upperAscii: { ...copies, run: upperAscii },
  trim: { ...copies, run: trim },
  substring: { ...copies, takes: ['string, int', 'string, int, int'], run: substring },
  split: {
    takes: ['string, string', 'string, string, int'],
    cost: ([of]) => 2 + lengthOf(of),
    returns: ([of]) => listOf(lengthOf(of) + 1, textLike(of)),
    run: split,
  },
  join: {
    takes: ['list<string>', 'list<string>, string'],
    cost: ([of, by]) => 2 + (elementsOf(of) + lengthOf(of) * lengthOf(by)) / 5,
    returns: ([of, by]) => text(elementsOf(of) + lengthOf(of) * lengthOf(by)),
    run: (of: readonly string[], by = '') => of.join(by),
  },
  matches: matching,
  ...Object.fromEntries(getters),
}

/** Functions by name. */
export const functions: Readonly<Record<string, Call>> = {
  size,
  string: {
    takes: ['string', 'bool', 'int', 'double'],
    cost: () => 4,
    returns: ([of]) => text(Math.max(lengthOf(of), 30)),
    run: (of: Value) => (typeof of === 'number' ? writeDouble(of) : `${of}`),
  },
  int: { takes: ['int', 'double', 'string'], cost: () => 2, returns: () => int, run: readInt },
  double: { takes: ['double', 'int', 'string'], cost: () => 2, returns: () => double, run: readDouble },
  timestamp: { takes: ['string'], cost: () => 20, returns: () => timestamp, run: (of: string) => parseTimestamp(of) },
  duration: { takes: ['string'], cost: () => 20, returns: () => duration, run: (of: string) => parseDuration(of) },
  matches: matching,
}

const notWhole = new EvaluationError('int() takes a whole number of 64 bits')
const notNumber = new EvaluationError('double() takes a number')

function readInt(of: bigint | number | string): bigint {
  if (typeof of === 'bigint') return of
  const isWhole = typeof of === 'number' ? Math.abs(of) < 2 ** 63 : of.length < 100 && /^[+-]?\d+$/.test(of)
  const value = isWhole ? BigInt(typeof of === 'number' ? Math.trunc(of) : of) : null
  if (value === null || !isInt64(value)) throw notWhole
  return value
}

const special: Readonly<Record<string, number>> = { inf: Infinity, infinity: Infinity, nan: NaN }

function readDouble(of: bigint | number | string): number {
  if (typeof of !== 'string') return Number(of)
  const word = /^[+-]?(inf(?:inity)?)$|^(nan)$/i.exec(of)
  if (word) return (of.startsWith('-') ? -1 : 1) * (special[(word[1] ?? word[2] ?? '').toLowerCase()] ?? NaN)
  const value = of.length < 400 && /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(of) ? Number(of) : NaN
  if (!Number.isFinite(value)) throw notNumber
  return value
}

/** The shortest decimal number, with an exponent below 0.0001 and from 1e+06, as Go's %g writes it. */
function writeDouble(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 6) return `${value}`
  return `${digits}e${power < 0 ? '-' : '+'}${`${Math.abs(power)}`.padStart(2, '0')}`
}

/**
 * What is wrong with the arguments that must be literals, or null.
 * @param literals the value of each argument (for methods, receiver first); undefined where it is not a literal
 */
export function literalProblem(name: string, literals: readonly unknown[]): string | null {
  if (name === 'matches') return patternProblem(literals[1])
  const only = literals.at(-1)
  if (name === 'timestamp') {
    const good = typeof only === 'string' && parseTimestamp(only)
    return good ? null : "timestamp() takes a literal such as '2026-11-23T09:00:00Z'"
  }
  if (name === 'duration') {
    const good = typeof only === 'string' && parseDuration(only)
    return good ? null : "duration() takes a literal such as '90m' or '1h30m'"
  }
  if (Object.hasOwn(readers, name) && literals.length === 2 && !(typeof only === 'string' && isTimeZone(only))) {
    return `The time zone of ${name} must be a literal IANA name such as 'Europe/Berlin'`
  }
  return null
}
