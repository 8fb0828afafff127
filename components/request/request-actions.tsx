import { UntrustedText } from '#components/ui/untrusted-text'
import type { ActionResult } from '#lib/core/access/action-result'
import type { IssuedCredential, RequestSummary } from '#lib/core/access/resources'
import { ConfirmAction } from './confirm-action.tsx'
import { ConnectSheet } from './connect-sheet.tsx'
import { whatInWords } from './words.ts'

/** What can be done with a request and its grant; pages give the server's actions, components never import them. */
export type RequestActionSet = {
  withdraw: (requestId: string) => Promise<ActionResult>
  release: (grantId: string) => Promise<ActionResult>
  revoke: (grantId: string, reason: string) => Promise<ActionResult>
  connect: (grantId: string) => Promise<ActionResult<{ credential: IssuedCredential }>>
}

type Props = { request: RequestSummary; actions: RequestActionSet; focusAfter?: string }

/** The actions that fit this reader now, as the server allows them; what does not fit at all is not there. */
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
          label="End now"
          may={can.release}
          title="End this access now?"
          run={actions.release.bind(null, grant.id)}
          focusAfter={focusAfter}
        >
          <p>
            Every credential taken under it stops working at once, and the cluster is asked until it says denied. To get
            it back you ask again.
          </p>
        </ConfirmAction>
      )}
      {grant && can.revoke.may && (
        <ConfirmAction
          label="Revoke"
          kind="danger"
          may={can.revoke}
          title="Revoke this access?"
          reasonLabel="Why"
          run={actions.revoke.bind(null, grant.id)}
          focusAfter={focusAfter}
        >
          <p>
            The credentials of <UntrustedText>{request.requester.name}</UntrustedText> stop working at once. They and
            the record see your reason.
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
          <p>Nobody is asked to decide any more. The request and its withdrawal stay in the record.</p>
        </ConfirmAction>
      )}
    </span>
  )
}
