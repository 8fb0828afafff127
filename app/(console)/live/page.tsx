import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { LiveRefresh } from '#components/layout/live-refresh'
import { PageHead } from '#components/layout/page-head'
import { AccessTabs } from '#components/request/access-tabs'
import { LiveRow } from '#components/request/live-row'
import { RevokeAll } from '#components/request/revoke-all'
import { ScopeFilter } from '#components/request/scope-filter'
import { Empty } from '#components/ui/empty'
import { Link } from '#components/ui/link'
import { requireActor } from '#lib/adapters/auth/session'
import { AppError } from '#lib/core/access/errors'
import { scopeIn, scopeText } from '#lib/core/access/revocation-scope'
import { inboxCount } from '#lib/views/inbox-count'
import { liveAccess } from '#lib/views/live-access'
import { revokeAll } from '../grants/actions.ts'
import { requestActions } from '../request-actions.ts'

export const metadata: Metadata = { title: 'Live access' }

/** Who has access right now, as far as the reader may see it, and how to end it: one, or all of a scope. */
export default async function LivePage({ searchParams }: PageProps<'/live'>) {
  const actor = await requireActor()
  const params = await searchParams
  const scope = scopeIn(params.scope)
  const after = typeof params.after === 'string' ? params.after : undefined
  const [{ items, nextCursor, scopes }, waiting] = await Promise.all([
    liveAccess(actor, { scope, ...(after ? { cursor: after } : {}) }),
    inboxCount(actor),
  ]).catch((error) => {
    // An invalid cursor, cut off or made up, leads to the first page.
    if (error instanceof AppError && error.code === 'malformed' && after) redirect('/live')
    throw error
  })
  const chosen = scopes.find((one) => scope && scopeText(one) === scopeText(scope))
  return (
    <>
      <LiveRefresh renderedAt={Date.now()} />
      <PageHead title="Live access" aside={<AccessTabs current="running" waiting={waiting} />} />
      <ScopeFilter scopes={scopes} chosen={scope} />
      {chosen && <RevokeAll key={scopeText(chosen)} scope={chosen} revokeAll={revokeAll} />}
      <p role="status" className="sr-only">
        {chosen ? chosen.count : items.length}
        {!chosen && nextCursor ? ' or more' : ''} live
      </p>
      {items.length === 0 ? (
        <Empty title="No live access.">
          Your own access appears here while it lasts, and so does the access that you can approve or audit.
        </Empty>
      ) : (
        <ul className="border-t border-edge" aria-label="Live access">
          {items.map((request) => (
            <LiveRow key={request.id} request={request} actions={requestActions} />
          ))}
        </ul>
      )}
      {nextCursor && (
        <Link
          href={`/live?${new URLSearchParams({ ...(scope ? { scope: scopeText(scope) } : {}), after: nextCursor })}`}
          className="link mt-3 inline-block text-dense"
        >
          Next page
        </Link>
      )}
    </>
  )
}
