import { Link } from '#components/ui/link'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { FormAction } from '#lib/core/access/action-result'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { HeldTime } from './held-time.tsx'
import { RevokeAction } from './revoke-action.tsx'
import { StatusMark, shownStatus } from './status-mark.tsx'
import { namespacesInWords } from './words.ts'

type Props = {
  decision: 'approve' | 'deny'
  note: string | null
  at: string
  request: RequestSummary
  revoke: FormAction<{ reason: string }>
}

/** One of my decisions: what I decided, and what came of it. */
export function DecisionRow({ decision, note, at, request, revoke }: Props) {
  return (
    <li className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 border-b border-line py-2 rail:grid-cols-[6.5rem_minmax(0,1.4fr)_minmax(0,1.4fr)_auto]">
      <StatusMark status={shownStatus(request)} />
      <span className="col-span-2 min-w-0 rail:col-span-1">
        <Link href={`/requests/${request.id}`} data-row="" className="block font-strong hover:underline rail:truncate">
          <UntrustedText>{`${request.title} for ${request.requester.name}`}</UntrustedText>
        </Link>
        <code className="block truncate text-muted">
          <UntrustedText>{`${request.cluster} · ${namespacesInWords(request.namespaces)}`}</UntrustedText>
        </code>
      </span>
      <span className="col-span-2 min-w-0 text-dense rail:col-span-1">
        <span>
          You {decision === 'approve' ? 'approved' : 'denied'} it <Time at={at} />
          {note && (
            <>
              : <UntrustedText>{note}</UntrustedText>
            </>
          )}
        </span>
        <span className="block text-muted empty:hidden">
          <HeldTime grant={request.grant} duration={request.duration} />
        </span>
      </span>
      <div className="col-start-2 row-start-1 flex justify-end empty:hidden rail:col-start-4">
        <RevokeAction request={request} revoke={revoke} />
      </div>
    </li>
  )
}
