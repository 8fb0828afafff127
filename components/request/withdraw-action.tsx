'use client'
import type { FormAction } from '#lib/core/access/action-result'
import { ConfirmAction } from './confirm-action.tsx'

type Props = {
  requestId: string
  withdraw: FormAction
  startsOpen?: boolean | undefined
  focusAfter?: string | undefined
}

/** Withdraws a request. NB: a client component, because a list of requests then sends the texts of the dialog only once. */
export const WithdrawAction = ({ requestId, withdraw, startsOpen = false, focusAfter }: Props) => (
  <ConfirmAction
    name="withdraw"
    page={`/requests/${requestId}`}
    startsOpen={startsOpen}
    focusAfter={focusAfter}
    label="Withdraw"
    pending="Withdrawing…"
    title="Withdraw this request?"
    id={{ name: 'requestId', value: requestId }}
    action={withdraw}
  >
    <p>Approvers can no longer decide it. The request and its withdrawal stay in the history.</p>
  </ConfirmAction>
)
