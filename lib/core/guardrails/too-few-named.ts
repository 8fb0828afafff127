// Which steps could never be approved, because fewer people are named than it takes? Who is in a group of the identity provider is not
// known, but a named person is one person.
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { ownNames } from '#lib/core/access/named-people'
import { groupsInWords, personIn } from '#lib/core/access/on-call'
import { isUnrouted } from '#lib/core/access/routing'
import type { Violation } from '#lib/core/access/verdict-resource'
import type { JudgementFacts } from './facts.ts'
import { approversUnknown } from './limits/approvers-unknown.ts'

/** The violations of the steps that an entitlement and the guardrails require together. Later the steps of the request count. */
export function tooFewNamed(
  steps: readonly ApprovalStep[],
  { requester: { subject, email }, stage = 'submitting' }: Pick<JudgementFacts, 'requester' | 'stage'>,
): Violation[] {
  if (stage !== 'submitting') return []
  // NB: the facts have no address that is not verified.
  const own = ownNames({ subject, email, emailVerified: true })
  return steps.flatMap((step) => {
    if (isUnrouted(step)) return []
    const { groups, count, escalate = [] } = step
    const all = [...new Set([...groups, ...escalate.flatMap((level) => level.groups)])]
    const others = all.filter((group) => !own.includes(group))
    if (groups.length === 0 || others.length >= count || all.some((group) => personIn(group) === undefined)) return []
    const sentence =
      `No one could complete the approval by ${groupsInWords(all)}: it needs ${count === 1 ? '1 person' : `${count} people`} other ` +
      `than the requester, and names ${others.length || 'none'}. Contact your Postern administrator.`
    return [{ code: approversUnknown.code, pointer: '/entitlement', sentence }]
  })
}
