// An approver may narrow a request, never widen it.
import { durationInWords } from '#lib/core/access/duration'
import type { FieldError } from '#lib/core/access/errors'
import type { DecisionInput } from '#lib/core/access/request'
import { normalizeRules } from '#lib/core/access/rule'
import type { Terms } from '#lib/core/access/terms'
import { covers } from '#lib/core/rbac/covers'
import { rulesInWords } from '#lib/core/rbac/sentence'

export type NarrowableTerms = Pick<Terms, 'namespaces' | 'rules' | 'clusterRole' | 'durationSeconds'>

/** The terms that an approver chose; absent ones stay as requested. */
export type Narrowing = NonNullable<DecisionInput['narrow']>

/** Each part that would widen the terms, with a pointer into the body of the decision. */
function widenings(terms: NarrowableTerms, { rules, namespaces, durationSeconds }: Narrowing): FieldError[] {
  const errors: FieldError[] = []
  if (rules && terms.clusterRole) {
    const message = `The rules of the vetted ClusterRole ${terms.clusterRole} can’t be narrowed: it is granted whole.`
    errors.push({ pointer: '/narrow/rules', message })
  } else if (rules) {
    const { covered, uncovered } = covers(terms.rules, rules)
    const message = `${rulesInWords(uncovered)}: this was not requested. An approver can narrow a request, not widen it.`
    if (!covered) errors.push({ pointer: '/narrow/rules', message })
  }
  for (const [index, namespace] of (namespaces ?? []).entries()) {
    if (terms.namespaces.includes(namespace)) continue
    const message = `${namespace} was not requested. Choose from ${terms.namespaces.join(', ')}.`
    errors.push({ pointer: `/narrow/namespaces/${index}`, message })
  }
  if (durationSeconds !== undefined && durationSeconds > terms.durationSeconds) {
    const message = `This is longer than requested. Choose at most ${durationInWords(terms.durationSeconds)}.`
    errors.push({ pointer: '/narrow/duration', message })
  }
  return errors
}

/** Each narrowed term must be covered by the requested one. Returns the new terms, or every widening. */
export function narrow<T extends NarrowableTerms>(
  terms: T,
  narrowing: Narrowing,
): { ok: true; terms: T } | { ok: false; errors: FieldError[] } {
  const errors = widenings(terms, narrowing)
  if (errors.length > 0) return { ok: false, errors }
  const { rules, namespaces, durationSeconds } = narrowing
  return {
    ok: true,
    terms: {
      ...terms,
      rules: rules ? normalizeRules(rules) : terms.rules,
      namespaces: namespaces ? [...new Set(namespaces)].sort() : terms.namespaces,
      durationSeconds: durationSeconds ?? terms.durationSeconds,
    },
  }
}
