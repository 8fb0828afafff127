// What may an approver take away before saying yes?
import { durationInWords } from '#lib/core/access/duration'
import type { FieldError } from '#lib/core/access/errors'
import type { DecisionInput } from '#lib/core/access/request'
import { normalizeRules } from '#lib/core/access/rule'
import type { Terms } from '#lib/core/access/terms'
import { covers } from '#lib/core/rbac/covers'
import { rulesInWords } from '#lib/core/rbac/sentence'

/** The part of a request's terms that may become less. */
export type NarrowableTerms = Pick<Terms, 'namespaces' | 'rules' | 'clusterRole' | 'durationSeconds'>

/** What an approver leaves of them; what is not named stays as it is. */
export type Narrowing = NonNullable<DecisionInput['narrow']>

/** Every place where the narrowing would widen, with pointers into the body of a decision. */
function widenings(terms: NarrowableTerms, { rules, namespaces, durationSeconds }: Narrowing): FieldError[] {
  const errors: FieldError[] = []
  if (rules && terms.clusterRole) {
    const message = `The rules are those of the vetted ClusterRole ${terms.clusterRole}: it is given whole or not at all.`
    errors.push({ pointer: '/narrow/rules', message })
  } else if (rules) {
    const { covered, uncovered } = covers(terms.rules, rules)
    const message = `${rulesInWords(uncovered)}: this is more than was asked for. An approver may take away, never add.`
    if (!covered) errors.push({ pointer: '/narrow/rules', message })
  }
  for (const [index, namespace] of (namespaces ?? []).entries()) {
    if (terms.namespaces.includes(namespace)) continue
    const message = `${namespace} was not asked for: choose from ${terms.namespaces.join(', ')}.`
    errors.push({ pointer: `/narrow/namespaces/${index}`, message })
  }
  if (durationSeconds !== undefined && durationSeconds > terms.durationSeconds) {
    const message = `Longer than was asked for: at most ${durationInWords(terms.durationSeconds)}.`
    errors.push({ pointer: '/narrow/duration', message })
  }
  return errors
}

/** The terms that are left, or every reason why they would not be less. */
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
