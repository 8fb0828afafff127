// The text functions of expressions. As in Kubernetes, they count code points, where JavaScript counts UTF-16 units, and
// change only ASCII letters.
import { EvaluationError } from './values.ts'

const outsideBmp = /[\ud800-\udfff]/

/** The number of code points in the first `units` UTF-16 units. */
function pointsIn(of: string, units = of.length): number {
  if (!outsideBmp.test(of)) return Math.min(units, of.length)
  let points = 0
  for (let at = 0; at < units; points++) at += (of.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
  return points
}

/** The UTF-16 unit at which a code point begins. */
function unitAt(of: string, point: number): number {
  if (!outsideBmp.test(of)) return point
  let at = 0
  for (let points = 0; points < point; points++) at += (of.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
  return at
}

export const sizeOfText = (of: string): number => pointsIn(of)

export const lowerAscii = (of: string): string => of.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
export const upperAscii = (of: string): string => of.replace(/[a-z]+/g, (letters) => letters.toUpperCase())

// Unicode's White_Space, as in Go. JavaScript's trim() leaves U+0085 and removes U+FEFF.
const isSpace = (character: string) =>
  /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/.test(character)

export function trim(of: string): string {
  let [from, to] = [0, of.length]
  while (from < to && isSpace(of.charAt(from))) from++
  while (to > from && isSpace(of.charAt(to - 1))) to--
  return of.slice(from, to)
}

const outOfRange = new EvaluationError('an index is outside of the text')

export function substring(of: string, from: bigint, to?: bigint): string {
  const size = BigInt(pointsIn(of))
  const end = to ?? size
  if (from < 0n || from > size) throw outOfRange
  if (end < from || end > size) throw outOfRange
  return of.slice(unitAt(of, Number(from)), unitAt(of, Number(end)))
}

export function indexOf(of: string, what: string, from = 0n): bigint {
  if (from < 0n) throw outOfRange
  const size = BigInt(pointsIn(of))
  if (what === '') return from > size ? size : from
  if (from >= size) return -1n
  const found = of.indexOf(what, unitAt(of, Number(from)))
  return BigInt(found < 0 ? found : pointsIn(of, found))
}

export function lastIndexOf(of: string, what: string, from?: bigint): bigint {
  if (from !== undefined && from < 0n) throw outOfRange
  const size = BigInt(pointsIn(of))
  if (what === '') return from === undefined || from > size ? size : from
  if (from !== undefined && from >= size) return -1n
  const found = from === undefined ? of.lastIndexOf(what) : of.lastIndexOf(what, unitAt(of, Number(from)))
  return BigInt(found < 0 ? found : pointsIn(of, found))
}

/** @param most the maximum number of parts; negative for all */
export function split(of: string, by: string, most = -1n): string[] {
  if (most === 0n) return []
  const parts = by === '' ? [...of] : of.split(by)
  if (most < 0n || BigInt(parts.length) <= most) return parts
  const kept = Number(most) - 1
  return [...parts.slice(0, kept), parts.slice(kept).join(by)]
}
