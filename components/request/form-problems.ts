// Where does the request form show each problem? Once: beside its field, among what is still needed, or on its own.
import type { Violation } from '#lib/core/access/verdict-resource'

/** A violation or a field error, with an RFC 6901 pointer into the body. */
export type Problem = { pointer: string; message: string }

/** The fields of the form, in its order. */
export const formFields = ['cluster', 'namespaces', 'rules', 'reason', 'ticket', 'duration', 'startsAt']

/** The field that a problem is about; undefined if the form has none for it. */
export const fieldOf = ({ pointer }: Problem): string | undefined =>
  formFields.find((field) => pointer === `/${field}` || pointer.startsWith(`/${field}/`))

export const asProblems = (violations: readonly Violation[]): Problem[] =>
  violations.map(({ pointer, sentence }) => ({ pointer, message: sentence }))

export type SortedProblems = { beside: Problem[]; needed: Problem[]; general: Problem[] }

/**
 * @param problems may repeat each other: the preview and the last submission find the same ones
 * @param isMarked does this field show its problems? One that was never filled in does not, before a submission
 */
export function sortProblems(problems: readonly Problem[], isMarked: (field: string) => boolean): SortedProblems {
  const sorted: SortedProblems = { beside: [], needed: [], general: [] }
  const once = new Map(problems.map((one) => [`${one.pointer} ${one.message}`, one]))
  for (const one of once.values()) {
    const field = fieldOf(one)
    const place = field === undefined ? 'general' : isMarked(field) ? 'beside' : 'needed'
    sorted[place].push(one)
  }
  return sorted
}
