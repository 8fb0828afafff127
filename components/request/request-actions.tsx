import { UntrustedText } from '#components/ui/untrusted-text'
import type { ActionResult } from '#lib/core/access/action-result'
import type { IssuedCredential } from '#lib/core/access/credential-resource'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { ConfirmAction } from './confirm-action.tsx'
import { ConnectSheet } from './connect-sheet.tsx'
import { whatInWords } from './words.ts'

/** The actions on a request and its grant. Pages pass the server actions in; components never import them. */
export type RequestActionSet = {
  withdraw: (requestId: string) => Promise<ActionResult>
  release: (grantId: string) => Promise<ActionResult>
  revoke: (grantId: string, reason: string) => Promise<ActionResult>
  connect: (grantId: string) => Promise<ActionResult<{ credential: IssuedCredential }>>
}

type Props = { request: RequestSummary; actions: RequestActionSet; focusAfter?: string }

/** The actions that the server allows this reader now. */
export function RequestActions({ request, actions, focusAfter }: Props) {
  const { grant, can } = request
  return (
    <span className="no-print flex flex-wrap items-center gap-2">
      {grant && (
        <ConnectSheet
          grantId={grant.id}
          cluster={request.cluster}
          namespace={request.namespaces[0] ?? ''}
          what={whatInWords(request)}
          expiresAt={grant.expiresAt}
          may={can.issueCredential}
          connect={actions.connect}
        />
      )}
      {grant && can.release.may && (
        <ConfirmAction
          label="End access"
          may={can.release}
          title="End this access?"
          run={actions.release.bind(null, grant.id)}
          focusAfter={focusAfter}
        >
          <p>Every credential issued under it stops working immediately. To get access again, submit a new request.</p>
        </ConfirmAction>
      )}
      {grant && can.revoke.may && (
        <ConfirmAction
          label="Revoke access"
          kind="danger"
          may={can.revoke}
          title="Revoke this access?"
          reasonLabel="Reason"
          run={actions.revoke.bind(null, grant.id)}
          focusAfter={focusAfter}
        >
          <p>
            All credentials of <UntrustedText>{request.requester.name}</UntrustedText> for this access stop working
            immediately. Your reason is visible to them and in the history.
          </p>
        </ConfirmAction>
      )}
      {can.withdraw.may && (
        <ConfirmAction
          label="Withdraw"
          may={can.withdraw}
          title="Withdraw this request?"
          run={actions.withdraw.bind(null, request.id)}
          focusAfter={focusAfter}
        >
          <p>Approvers can no longer decide it. The request and its withdrawal stay in the history.</p>
        </ConfirmAction>
      )}
    </span>
  )
}
