import { UntrustedText } from '#components/ui/untrusted-text'
import type { FormAction } from '#lib/core/access/action-result'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { ConfirmAction } from './confirm-action.tsx'

type Props = {
  request: RequestSummary
  revoke: FormAction<{ reason: string }>
  startsOpen?: boolean
  focusAfter?: string | undefined
}

/** Ends another person's access, if the server allows this reader to. A file of its own: the inbox needs no other action. */
export function RevokeAction({ request, revoke, startsOpen = false, focusAfter }: Props) {
  if (!request.grant || !request.can.revoke.may) return null
  return (
    <ConfirmAction
      name="revoke"
      page={`/requests/${request.id}`}
      startsOpen={startsOpen}
      focusAfter={focusAfter}
      label="Revoke access"
      pending="Revoking access…"
      kind="danger"
      title="Revoke this access?"
      asksReason
      id={{ name: 'grantId', value: request.grant.id }}
      action={revoke}
    >
      <p>
        All credentials of <UntrustedText>{request.requester.name}</UntrustedText> for this access stop working
        immediately. Your reason is visible to them and in the history.
      </p>
    </ConfirmAction>
  )
}
