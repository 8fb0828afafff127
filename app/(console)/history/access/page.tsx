import type { Metadata } from 'next'
import { AccessAtTable } from '#components/history/access-at-table'
import { StandingTable } from '#components/history/standing-table'
import { NothingHere, nothingHere } from '#components/layout/not-found-notice'
import { PageHead } from '#components/layout/page-head'
import { Empty } from '#components/ui/empty'
import { Notice } from '#components/ui/notice'
import { QueryForm } from '#components/ui/query-form'
import { Time } from '#components/ui/time'
import { requireActor } from '#lib/adapters/auth/session'
import { seesEverything } from '#lib/core/access/may-see'
import { instantOf } from '#lib/core/audit/when'
import { accessDuring } from '#lib/views/access-during'
import { display } from '../../../display.ts'

export const metadata: Metadata = { title: 'Access at a moment' }

/** A pack of this time: every request whose access was live has all of its events in it. */
const evidenceOf = ({ from, to }: { from: string; to: string }) =>
  `/api/v1/evidence?${new URLSearchParams({ from, to: from === to ? new Date(Date.parse(to) + 1).toISOString() : to })}`

/** For auditors: who had access at a moment, from the events alone. */
export default async function AccessAtPage({ searchParams }: PageProps<'/history/access'>) {
  const actor = await requireActor()
  if (!seesEverything(actor))
    return (
      <>
        <PageHead title={nothingHere} />
        <NothingHere />
      </>
    )
  const query = await searchParams
  const one = (key: string) => (typeof query[key] === 'string' ? query[key].trim() : '')
  const { zone, isUtcFirst } = await display()
  const shownZone = isUtcFirst ? 'UTC' : zone
  const now = new Date()
  const typed = one('at')
  const at = typed === '' ? (one('until') === '' ? now : undefined) : instantOf(typed, { now, zone: shownZone })
  const until = one('until') === '' ? at : instantOf(one('until'), { now, zone: shownZone, until: true })
  const isInOrder = at !== undefined && until !== undefined && at <= until
  const isWhole = Boolean(one('verb')) === Boolean(one('resource'))
  const found =
    isInOrder && isWhole
      ? await accessDuring(actor, {
          ...{ from: at.toISOString(), to: until.toISOString() },
          ...{ cluster: one('cluster') || undefined, namespace: one('namespace') || undefined },
          ...{ verb: one('verb') || undefined, resource: one('resource') || undefined },
        })
      : null
  const isMoment = found?.from === found?.to
  return (
    <>
      <PageHead title="Access at a moment">
        Every grant that was live at one moment or at any time until another one, from when the cluster allowed it until
        the cluster denied it, computed from the events. With a verb and a resource, only the grants that allowed that
        action, and below them who could do it without Postern.
      </PageHead>
      <QueryForm
        action="/history/access"
        submit="Show access"
        fields={[
          {
            ...{ id: 'at', label: `Time (${shownZone})`, value: typed, placeholder: 'now, or yesterday 14:00' },
            problem: at ? null : 'Enter a date or time, such as 2026-11-23 14:00, yesterday 14:00 or "2 hours ago".',
          },
          {
            ...{ id: 'until', label: `Until (${shownZone})`, value: one('until'), placeholder: 'only that moment' },
            optional: true,
            problem:
              one('until') !== '' && !until
                ? 'Enter a date or time, such as 2026-11-23 15:00, or nothing for one moment.'
                : at && until && !isInOrder
                  ? 'Enter a time that is not before the first one.'
                  : null,
          },
          { id: 'cluster', label: 'Cluster', value: one('cluster'), optional: true },
          { id: 'namespace', label: 'Namespace', value: one('namespace'), optional: true },
          {
            ...{ id: 'verb', label: 'Verb', value: one('verb'), placeholder: 'delete', optional: true },
            problem: isWhole || one('verb') ? null : 'Enter a verb too, such as get or delete.',
          },
          {
            ...{ id: 'resource', label: 'Resource', value: one('resource'), optional: true },
            placeholder: 'pods/exec or deployments.apps',
            problem: isWhole || one('resource') ? null : 'Enter a resource too, such as pods or deployments.apps.',
          },
        ]}
      />
      {found && (
        <div id="access-at" className="mt-6">
          <p className="mb-3 text-dense text-muted">
            {found.items.length === 1 ? '1 grant' : `${found.items.length} grants`} {isMoment ? 'at' : 'from'}{' '}
            <Time at={found.from} as="exact" withZone />
            {!isMoment && (
              <>
                {' '}
                until <Time at={found.to} as="exact" withZone />
              </>
            )}
            {' · '}
            <a className="link" download href={evidenceOf(found)}>
              Download evidence
            </a>
          </p>
          {!found.isComplete && (
            <div className="mb-3">
              <Notice tone="waiting">There may be more grants. Narrow the search to a cluster or a namespace.</Notice>
            </div>
          )}
          {found.items.length > 0 ? (
            <AccessAtTable items={found.items} />
          ) : (
            <Empty
              title={isMoment ? 'No such access was live at this moment.' : 'No such access was live in this time.'}
            >
              Access that people have without Postern is shown for a verb and a resource.
            </Empty>
          )}
          {found.standing && <StandingTable standing={found.standing} end={found.to} />}
        </div>
      )}
    </>
  )
}
