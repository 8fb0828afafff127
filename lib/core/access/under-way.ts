import type { GrantStatus, RequestStatus } from './status.ts'

/** Is a grant being created or ended? A caller who waits learns something only after that. */
export const isGrantUnderWay = ({ status }: { status: GrantStatus }): boolean =>
  status === 'pending' || status === 'ending'

/** Does a request wait for a decision, or for its grant to be created or ended? */
export const isRequestUnderWay = ({
  status,
  grant,
}: {
  status: RequestStatus
  grant: { status: GrantStatus } | null
}): boolean => status === 'pending' || (grant !== null && isGrantUnderWay(grant))
