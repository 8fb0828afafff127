import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { Suspense } from 'react'
import { LiveRefresh } from '#components/layout/live-refresh'
import { PageHead } from '#components/layout/page-head'
import { BreakGlassReview } from '#components/request/break-glass-review'
import { Decision } from '#components/request/decision'
import { GrantActivityView } from '#components/request/grant-activity'
import { Headline } from '#components/request/headline'
import { LifeLine } from '#components/request/life-line'
import { RequestActions } from '#components/request/request-actions'
import { RequestEvidence } from '#components/request/request-evidence'
import { StatusLine } from '#components/request/status-line'
import { Copyable } from '#components/ui/copyable'
import { Link } from '#components/ui/link'
import { LinkButton } from '#components/ui/link-button'
import { currentActor, requireActor } from '#lib/adapters/auth/session'
import type { PersonActor } from '#lib/core/access/actor'
import type { GrantResource } from '#lib/core/access/grant-resource'
import { maySeeActivity, seesEverything } from '#lib/core/access/may-see'
import { grantActivity } from '#lib/views/grant-activity'
import { listAuditEvents } from '#lib/views/list-audit-events'
import { partOrNothing } from '../../part-or-nothing.ts'
import { requestActions } from '../../request-actions.ts'
import { requestOrNothing } from '../../request-or-nothing.ts'
import { titleOf } from '../../title.ts'
import { comment, decide, review } from '../actions.ts'

/** `Restart payment services for Mina Okafor`; for a missing request the same title as for one of another team. */
export async function generateMetadata({ params }: PageProps<'/requests/[requestId]'>): Promise<Metadata> {
  const { requestId } = await params
  const actor = await currentActor()
  const request = actor && (await requestOrNothing(actor, requestId))
  return { title: request ? titleOf(`${request.title} for ${request.requester.name}`) : 'Not found' }
}

// A request with several credentials has far fewer events than this; History has the rest.
const mostEvents = 200

/** Streamed: an access with very many calls never holds up its page, and neither does a failure to read them. */
async function WhatWasDone({ actor, grant }: { actor: PersonActor; grant: GrantResource }) {
  const activity = await partOrNothing(grantActivity(actor, grant.id), 'the activity of a grant could not be read')
  if (!activity) return <p className="text-dense text-ending">The calls couldn’t be read. Reload the page.</p>
  return <GrantActivityView activity={activity} activatedAt={grant.activatedAt} endedAt={grant.endedAt} />
}

/** The page everyone links to: one request, from its submission to its evidence. */
export default async function RequestPage({ params, searchParams }: PageProps<'/requests/[requestId]'>) {
  const [{ requestId }, { confirm }] = await Promise.all([params, searchParams])
  const actor = await requireActor()
  const request = await requestOrNothing(actor, requestId)
  if (!request) notFound()
  const events = await listAuditEvents(actor, { request: request.id, limit: mostEvents })
  const isMine = request.requester.id === actor.person.id
  const isOver = request.status !== 'pending' && (!request.grant || request.grant.status === 'ended')
  return (
    <>
      {!isOver && <LiveRefresh renderedAt={Date.now()} />}
      <PageHead
        title={<Headline request={request} />}
        aside={
          <div className="flex flex-wrap items-center gap-2">
            <RequestActions
              request={request}
              actions={requestActions}
              confirming={typeof confirm === 'string' ? confirm : undefined}
              isWholePage
            />
            {isMine && isOver && <LinkButton href={`/requests/new?again=${request.id}`}>Request again</LinkButton>}
          </div>
        }
      >
        <StatusLine request={request} />
        {request.grant?.extension && (
          <p className="mt-1">
            <Link className="link" href={`/requests/${request.grant.extension.requestId}`}>
              {request.grant.supersededBy ? 'Extended by another request' : 'More time was requested'}
            </Link>
          </p>
        )}
        <p className="mt-1 text-dense">
          <Copyable text={request.id} label="request ID" />
        </p>
      </PageHead>
      {request.reviewDueAt && <BreakGlassReview request={request} review={review} />}
      <LifeLine request={request} />
      <RequestEvidence
        seesLog={seesEverything(actor)}
        request={request}
        isMine={isMine}
        comment={comment}
        events={[...events.items].reverse()}
        moreEvents={events.nextCursor !== null}
        activity={
          request.grant && maySeeActivity(actor, { requesterId: request.requester.id }) ? (
            <Suspense fallback={<p className="text-dense text-muted">Reading the calls…</p>}>
              <WhatWasDone actor={actor} grant={request.grant} />
            </Suspense>
          ) : null
        }
      />
      {request.status === 'pending' && <Decision request={request} decide={decide} headline="headline" />}
    </>
  )
}
