import { Empty } from '#components/ui/empty'
import { Link } from '#components/ui/link'
import { UntrustedText } from '#components/ui/untrusted-text'
import { secondsOf, shortDuration } from '#lib/core/access/duration'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import { approversInWords } from '#lib/core/access/on-call'
import { whatInWords } from './words.ts'

type Props = {
  choices: { href: string; title: string; what: EntitlementResource; note: string }[]
  /** Whether the person has any entitlement, also one that is not among the choices. */
  hasAny: boolean
}

/** Entitlements, one line each: the permissions, where, for how long, and who approves. */
export function EntitlementList({ choices, hasAny }: Props) {
  if (choices.length === 0)
    return (
      <div className="mt-6">
        <Empty title={hasAny ? 'No matching entitlements.' : 'You have no entitlements.'}>
          They are assigned to groups, and your groups come from your identity provider. A Postern administrator can add
          the entitlement that you need.
        </Empty>
      </div>
    )
  return (
    <ul className="mt-6 border-t border-line">
      {choices.map(({ href, title, what, note }) => (
        <li key={href} className="border-b border-line">
          <Link
            data-row=""
            href={href as '/requests/new'}
            className="grid gap-x-6 gap-y-0.5 px-2 py-2.5 hover:bg-hover rail:grid-cols-[minmax(0,1.2fr)_minmax(0,1fr)_minmax(0,0.9fr)]"
          >
            <span className="min-w-0">
              <span className="font-strong">
                <UntrustedText>{title}</UntrustedText>
              </span>
              <code className="block text-muted rail:truncate">
                <UntrustedText>{note || whatInWords(what)}</UntrustedText>
              </code>
            </span>
            <code className="min-w-0 self-center text-muted rail:truncate">
              {what.clusters.map((one) => one.name).join(', ')} · {what.namespaces.join(', ') || 'by label'}
            </code>
            <span className="self-center text-dense text-muted">
              up to {shortDuration(secondsOf(what.maxDuration))},{' '}
              {what.approvals.length
                ? what.approvals.map((step) => `${step.count} of ${approversInWords(step)}`).join(' and ')
                : 'no approval needed'}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  )
}
