// The values of expressions, with the arithmetic of Kubernetes' CEL: integers have 64 bits, times have nanoseconds, and
// whatever leaves its range is an error. local/cel compares all of this with cel-go.
import { Temporal } from 'temporal-polyfill'

/** An expression that has no value for these variables. A guardrail that needs it counts as violated. */
export class EvaluationError extends Error {}

// Thrown as they are: a loop can fail thousands of times, and making an error takes longer than a step may take.
const timestampRange = new EvaluationError('the timestamp is before the year 1 or after 9999')
const durationRange = new EvaluationError('the duration is longer than 292 years')
const overflow = new EvaluationError('integer overflow')
const divisionByZero = new EvaluationError('division by zero')
const unordered = new EvaluationError('NaN is neither less nor greater')

/** A point in time, in nanoseconds since 1970. */
export class Timestamp {
  readonly ns: bigint
  constructor(ns: bigint) {
    if (ns < earliest || ns > latest) throw timestampRange
    this.ns = ns
  }
}

/** A length of time in nanoseconds, which has 64 bits as in Go: up to 292 years. */
export class Duration {
  readonly ns: bigint
  constructor(ns: bigint) {
    if (ns < minInt || ns > maxInt) throw durationRange
    this.ns = ns
  }
}

const second = 1_000_000_000n
const [minInt, maxInt] = [-(2n ** 63n), 2n ** 63n - 1n]
// The years 1 to 9999.
const [earliest, latest] = [-62_135_596_800n * second, 253_402_300_800n * second - 1n]

/** Integers are bigints, doubles are numbers, and objects are the classes of `vocabulary.ts`. */
export type Value = string | bigint | number | boolean | null | Timestamp | Duration | readonly Value[] | object

export const isInt64 = (value: bigint): boolean => value >= minInt && value <= maxInt

function int64(value: bigint): bigint {
  if (isInt64(value)) return value
  throw overflow
}

export const timestampOf = (date: Date): Timestamp => new Timestamp(BigInt(date.getTime()) * 1_000_000n)

/** Whole seconds. */
export function durationOf(seconds: number): Duration {
  if (!Number.isFinite(seconds)) throw new RangeError('the duration is not a number')
  return new Duration(BigInt(Math.trunc(seconds)) * second)
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

/** `2026-11-23T09:00:00Z`; null for other texts and for dates that do not exist. */
export function parseTimestamp(written: string): Timestamp | null {
  if (!rfc3339.test(written)) return null
  try {
    return new Timestamp(Temporal.Instant.from(written).epochNanoseconds)
  } catch {
    return null
  }
}

const units = { h: 3600n * second, m: 60n * second, s: second, ms: 1_000_000n, us: 1_000n, µs: 1_000n, ns: 1n }
const durationPart = /(\d*)(?:\.(\d*))?(h|ms|m|s|us|µs|ns)/gy
const goDuration = /^[+-]?((\d+(\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns))+$/

/** `1h30m`; null for other texts and for more than 292 years. */
export function parseDuration(written: string): Duration | null {
  if (written.length >= 40 || !goDuration.test(written)) return null
  let ns = 0n
  for (const [, whole = '', fraction = '', unit] of written.replace(/^[+-]/, '').matchAll(durationPart)) {
    const scale = units[unit as keyof typeof units]
    // NB: Go multiplies the fraction as a float64, which this repeats to the last bit.
    const part = fraction
      ? Math.trunc(Number(fraction.slice(0, 18)) * (Number(scale) / 10 ** fraction.slice(0, 18).length))
      : 0
    ns += BigInt(whole || 0) * scale + BigInt(part)
  }
  try {
    return new Duration(written.startsWith('-') ? -ns : ns)
  } catch {
    return null
  }
}

export function negate(value: Value): Value {
  return typeof value === 'bigint' ? int64(-value) : -(value as number)
}

export function add(a: Value, b: Value): Value {
  if (typeof a === 'string') return a + (b as string)
  if (typeof a === 'number') return a + (b as number)
  if (typeof a === 'bigint') return int64(a + (b as bigint))
  if (Array.isArray(a)) return [...a, ...(b as readonly Value[])]
  const [left, right] = [a as Timestamp | Duration, b as Timestamp | Duration]
  const isPoint = left instanceof Timestamp || right instanceof Timestamp
  return isPoint ? new Timestamp(left.ns + right.ns) : new Duration(left.ns + right.ns)
}

export function subtract(a: Value, b: Value): Value {
  if (typeof a === 'number') return a - (b as number)
  if (typeof a === 'bigint') return int64(a - (b as bigint))
  const [left, right] = [a as Timestamp | Duration, b as Timestamp | Duration]
  if (left instanceof Duration) return new Duration(left.ns - right.ns)
  // NB: as in Kubernetes, the negated duration and the difference in whole seconds must have 64 bits as well.
  if (right instanceof Duration) return new Timestamp(left.ns + new Duration(-right.ns).ns)
  const wholeSeconds = new Duration((floorSeconds(left.ns) - floorSeconds(right.ns)) * second)
  return new Duration(wholeSeconds.ns + (left.ns - right.ns - wholeSeconds.ns))
}

const floorSeconds = (ns: bigint) => (ns - (((ns % second) + second) % second)) / second

export const multiply = (a: Value, b: Value): Value =>
  typeof a === 'bigint' ? int64(a * (b as bigint)) : (a as number) * (b as number)

export function divide(a: Value, b: Value): Value {
  if (typeof a !== 'bigint') return (a as number) / (b as number)
  if (b === 0n) throw divisionByZero
  return int64(a / (b as bigint))
}

export function remainder(a: Value, b: Value): Value {
  if (b === 0n) throw divisionByZero
  // The quotient of the smallest integer and -1 overflows, and so Kubernetes refuses this remainder too.
  int64((a as bigint) / (b as bigint))
  return (a as bigint) % (b as bigint)
}

export function equal(a: Value, b: Value): boolean {
  if (Array.isArray(a)) {
    const other = b as readonly Value[]
    return a.length === other.length && a.every((element, index) => equal(element, other[index] as Value))
  }
  if (a instanceof Map) {
    const other = b as ReadonlyMap<string, Value>
    return (
      a.size === other.size && [...a].every(([key, value]) => other.has(key) && equal(value, other.get(key) as Value))
    )
  }
  if (a instanceof Timestamp || a instanceof Duration) return a.ns === (b as Timestamp | Duration).ns
  return a === b
}

/** Negative, zero or positive. */
export function compare(a: Value, b: Value): number {
  if (typeof a === 'string') return compareText(a, b as string)
  if (Number.isNaN(a) || Number.isNaN(b)) throw unordered
  // NB: cel-go compares an integer and a double as doubles, and so do we.
  if (typeof a === 'number' && typeof b === 'bigint') return order(a, Number(b))
  if (typeof a === 'bigint' && typeof b === 'number') return order(Number(a), b)
  if (a instanceof Timestamp || a instanceof Duration) return order(a.ns, (b as Timestamp | Duration).ns)
  return order(a as bigint, b as bigint)
}

const order = <Ordered extends bigint | number | string>(a: Ordered, b: Ordered) => (a < b ? -1 : a > b ? 1 : 0)

/** By code points, which is the order of UTF-8. JavaScript compares surrogates, which come before U+E000. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  let at = 0
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++
  if (at === length) return a.length - b.length
  const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)]
  const isSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdfff
  if (isSurrogate(left) !== isSurrogate(right)) return isSurrogate(left) ? order(0x10000, right) : order(left, 0x10000)
  return left - right
}
