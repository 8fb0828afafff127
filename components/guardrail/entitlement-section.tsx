import { LinkButton } from '#components/ui/link-button'
import { Section } from '#components/ui/section'
import { UntrustedText } from '#components/ui/untrusted-text'
import { durationInWords, secondsOf } from '#lib/core/access/duration'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import { approversInWords, groupsInWords } from '#lib/core/access/on-call'
import type { EntitlementStepResource } from '#lib/core/access/step-resource'
import { whatInWords } from '../request/words.ts'

/** Who approves a step, and whom it escalates to. */
function approvalInWords(step: EntitlementStepResource): string {
  const after = (duration: string) => `after ${durationInWords(secondsOf(duration))}`
  const { count, remindAfter, escalate } = step
  const reminder = remindAfter ? [`reminded ${after(remindAfter)}`] : []
  const escalations = escalate.map((level) => `escalated to ${groupsInWords(level.groups)} ${after(level.after)}`)
  const more = [...reminder, ...escalations].join(', ')
  return `${count} of ${approversInWords(step)}${more ? ` (${more})` : ''}`
}

/** One entitlement with all of its limits. */
export function EntitlementSection({ entitlement: one }: { entitlement: EntitlementResource }) {
  const selector = Object.entries(one.namespaceSelector ?? {}).map(([key, value]) => `${key}=${value}`)
  const rows: [string, React.ReactNode][] = [
    [
      one.kind === 'ceiling' ? 'Ceiling' : 'Grants',
      <code key="what">
        <UntrustedText>{whatInWords(one)}</UntrustedText>
      </code>,
    ],
    ['Clusters', <code key="clusters">{one.clusters.map((cluster) => cluster.name).join(', ')}</code>],
    ['Namespaces', <code key="namespaces">{[...one.namespaces, ...selector].join(', ')}</code>],
    [
      'Duration',
      `${durationInWords(secondsOf(one.defaultDuration))} by default, at most ${durationInWords(secondsOf(one.maxDuration))}`,
    ],
    ['Approval', one.approvals.length ? one.approvals.map(approvalInWords).join(' and ') : 'automatic'],
    ['Reason', one.reasonMinLength > 1 ? `at least ${one.reasonMinLength} characters` : 'any length'],
    ['Ticket', one.ticket.required ? 'required' : 'optional'],
  ]
  return (
    <Section
      id={`entitlement-${one.name}`}
      title={one.title}
      aside={<LinkButton href={`/requests/new?entitlement=${encodeURIComponent(one.name)}`}>Request access</LinkButton>}
    >
      {one.description && (
        <p className="mb-2 max-w-[72ch] text-muted">
          <UntrustedText>{one.description}</UntrustedText>
        </p>
      )}
      <dl className="grid grid-cols-[6rem_minmax(0,1fr)] gap-x-4 gap-y-1 text-dense rail:grid-cols-[9rem_minmax(0,1fr)]">
        {rows.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-muted">{name}</dt>
            <dd className="min-w-0">{value}</dd>
          </div>
        ))}
        {one.ticket.pattern && (
          <div className="contents">
            <dt className="text-muted">Ticket format</dt>
            <dd>
              <code>{one.ticket.pattern}</code>
            </dd>
          </div>
        )}
      </dl>
    </Section>
  )
}
