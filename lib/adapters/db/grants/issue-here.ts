import type { About } from '#lib/adapters/db/audit/audit'
import type { PersonActor } from '#lib/core/access/actor'
import type { Problem } from './credential-orders.ts'

// A worker in the process of the caller issues the credential at once. Without one, the caller places an order, which a worker
// of another process takes. (Decision record: credentials through the worker.)

export type Issued = { token: string; jti: string; expiresAt: string; certificateAuthority: string | null }

/** Records that the credential is requested, and issues it. Never throws, because its errors have classes of another bundle. */
export type IssueHere = (actor: PersonActor, grantId: string, about: About) => Promise<Issued | { problem: Problem }>

// Next.js puts this module into several bundles of one process: operations run in one, and the worker in another.
const shared = globalThis as typeof globalThis & { posternIssue?: IssueHere }

/** Registers the worker of this process. Returns how to stop it. */
export function acceptCredentialCalls(issue: IssueHere): () => void {
  shared.posternIssue = issue
  return () => {
    if (shared.posternIssue === issue) shared.posternIssue = undefined
  }
}

/** How the worker of this process issues a credential; undefined without one. */
export const issuerHere = (): IssueHere | undefined => shared.posternIssue
