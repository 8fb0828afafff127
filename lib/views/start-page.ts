import { currentPolicy } from '#lib/adapters/policy/current'
import { hasRole, type PersonActor } from '#lib/core/access/actor'

/** Where a person's work begins: approvers with what waits for them, auditors with the history, others with their access. */
export function startPage(actor: PersonActor): '/inbox' | '/history' | '/access' {
  const { entitlements } = currentPolicy().configuration
  const steps = entitlements.flatMap(({ approvals }) => approvals)
  if (steps.some(({ groups }) => groups.some((group) => actor.person.groups.includes(group)))) return '/inbox'
  return hasRole(actor, 'auditor') ? '/history' : '/access'
}
