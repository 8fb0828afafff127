// Does access that a person has, or has requested, already cover what they need?
import type { InNamespaces } from '#lib/core/access/difference'
import type { Rule } from '#lib/core/access/rule'
import { countQuestions, maxQuestions } from './breakdown.ts'
import { effectiveDifference } from './difference.ts'

/** Rules in namespaces of a cluster. */
export type Access = { cluster: string; namespaces: readonly string[]; rules: readonly Rule[] }

/** A pasted text may name no cluster (null) and no namespaces (none): then any of them will do. */
export type NeededAccess = { cluster: string | null; namespaces: readonly string[]; rules: readonly Rule[] }

/** The part of the needed permissions that this access lacks: none if it covers all of them, null if it covers none. */
export function missingAccess(access: Access, needed: NeededAccess): InNamespaces[] | null {
  if (needed.cluster !== null && needed.cluster !== access.cluster) return null
  const namespaces = needed.namespaces.length > 0 ? needed.namespaces : access.namespaces
  if (countQuestions(needed.rules, namespaces) > maxQuestions) return null
  const current = new Map(access.namespaces.map((namespace) => [namespace, access.rules]))
  const { gained, held } = effectiveDifference(current, needed.rules, namespaces)
  return held.length > 0 ? gained : null
}
