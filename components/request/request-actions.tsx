import type { FormAction } from '#lib/core/access/action-result'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { LinkButton } from '../ui/link-button.tsx'
import { ConfirmAction } from './confirm-action.tsx'
import { type Connect, ConnectSheet } from './connect-sheet.tsx'
import { RevokeAction } from './revoke-action.tsx'
import { WithdrawAction } from './withdraw-action.tsx'
import { whatInWords } from './words.ts'

/** The actions on a request and its grant. Pages pass the server actions in; components never import them. */
export type RequestActionSet = {
  withdraw: FormAction
  release: FormAction
  revoke: FormAction<{ reason: string }>
  connect: Connect
}

type Props = {
  request: RequestSummary
  actions: RequestActionSet
  /** The action whose confirmation is open when the page loads. */
  confirming?: string
  focusAfter?: string
  /** *More time* also before the last quarter. */
  isWholePage?: boolean
}

/** The actions that the server allows this reader now. */
export function RequestActions({ request, actions, confirming, focusAfter, isWholePage = false }: Props) {
  const { grant, can } = request
  return (
    <div className="no-print flex flex-wrap items-center gap-2">
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
      {grant && can.extend.may && (isWholePage || request.isLastQuarter) && (
        <LinkButton
          kind={request.isLastQuarter ? undefined : 'quiet'}
          href={`/requests/new?again=${request.id}&extends=${grant.id}`}
        >
          More time
        </LinkButton>
      )}
      {grant && can.release.may && (
        <ConfirmAction
          name="release"
          page={`/requests/${request.id}`}
          startsOpen={confirming === 'release'}
          focusAfter={focusAfter}
          label="End access"
          pending="Ending access…"
          title="End this access?"
          id={{ name: 'grantId', value: grant.id }}
          action={actions.release}
        >
          <p>Every credential issued under it stops working immediately. To get access again, submit a new request.</p>
        </ConfirmAction>
      )}
      <RevokeAction
        request={request}
        revoke={actions.revoke}
        startsOpen={confirming === 'revoke'}
        focusAfter={focusAfter}
      />
      {can.withdraw.may && (
        <WithdrawAction
          requestId={request.id}
          withdraw={actions.withdraw}
          startsOpen={confirming === 'withdraw' || undefined}
          focusAfter={focusAfter}
        />
      )}
    </div>
  )
}
