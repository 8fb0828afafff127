import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { DecisionResource } from '#lib/core/access/decision-resource'
import { StatusMark } from './status-mark.tsx'
import { shortHash } from './verdict-list.tsx'

/** Every decision, with its note and the digest it binds to. */
export function DecisionsList({ decisions }: { decisions: DecisionResource[] }) {
  if (decisions.length === 0) return <p className="text-dense text-muted">No decisions yet.</p>
  return (
    <ul className="@container">
      {decisions.map((one) => (
        <li
          key={one.id}
          className="grid gap-x-4 gap-y-0.5 border-b border-line py-2 text-dense @lg:grid-cols-[6.5rem_9rem_minmax(0,1fr)] @lg:items-baseline @4xl:grid-cols-[6.5rem_12rem_minmax(0,1fr)_auto]"
        >
          <StatusMark status={one.decision === 'approve' ? 'approved' : 'denied'} />
          <span>
            <UntrustedText>{one.person.name}</UntrustedText>
          </span>
          <span className="min-w-0">
            {one.note ? <UntrustedText lines>{one.note}</UntrustedText> : <span className="text-muted">no note</span>}
            {one.narrowed && <span className="text-muted"> · narrowed</span>}
          </span>
          <span className="text-muted @lg:col-start-3 @4xl:col-start-4">
            <Time at={one.at} as="exact" /> · <code title={one.digest}>{shortHash(one.digest)}</code>
          </span>
        </li>
      ))}
    </ul>
  )
}
