import type { RequestActionSet } from '#components/request/request-actions'
import { connect, release, revoke } from './grants/actions.ts'
import { withdraw } from './requests/actions.ts'

/** The server actions that pages pass to the components that act on a request. */
export const requestActions: RequestActionSet = { connect, release, revoke, withdraw }
