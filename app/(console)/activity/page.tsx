import type { Metadata } from 'next'
import { Suspense } from 'react'
import { CallTable } from '#components/activity/call-table'
import { CallsOverTime } from '#components/activity/calls-over-time'
import { CountTable } from '#components/activity/count-table'
import { Gaps } from '#components/activity/gaps'
import { PageHead } from '#components/layout/page-head'
import { Empty } from '#components/ui/empty'
import { Link } from '#components/ui/link'
import { LinkButton } from '#components/ui/link-button'
import { QueryForm } from '#components/ui/query-form'
import { Section } from '#components/ui/section'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import { requireActor } from '#lib/adapters/auth/session'
import { endpoints } from '#lib/api/endpoints'
import type { CallFilter } from '#lib/core/access/activity-resource'
import type { PersonActor } from '#lib/core/access/actor'
import { seesEverything } from '#lib/core/access/may-see'
import { hrefOfCalls, showCalls } from '#lib/core/activity/call-link'
import { instantOf } from '#lib/core/audit/when'
import { activityGaps } from '#lib/views/activity-gaps'
import { activitySummary } from '#lib/views/activity-summary'
import { callsOverTime } from '#lib/views/calls-over-time'
import { listActivity } from '#lib/views/list-activity'
import { display } from '../../display.ts'
import { partOrNothing } from '../part-or-nothing.ts'

export const metadata: Metadata = { title: 'Activity' }

type Query = Record<string, string | string[] | undefined>

/** The filter of the address. A part that means nothing is left out. */
function filterIn(query: Query): { filter: CallFilter; cursor: string | undefined } {
  const { shape } = endpoints.listActivity.query
  const { from: _from, to: _to, limit: _limit, ...known } = shape
  const parts = Object.entries(known).flatMap(([name, schema]) => {
    // The form sends its cluster also if nothing was typed.
    const isSet = typeof query[name] === 'string' && (name !== 'cluster' || query[name] !== '')
    const parsed = isSet ? schema.safeParse(query[name]) : undefined
    return parsed?.success ? [[name, parsed.data]] : []
  })
  const { cursor, ...filter } = Object.fromEntries(parts)
  return { filter: filter as CallFilter, cursor }
}

/** What happened in the clusters: figures that lead to the calls, and the calls themselves. */
export default async function ActivityPage({ searchParams }: PageProps<'/activity'>) {
  const actor = await requireActor()
  const query = await searchParams
  const one = (key: string) => (typeof query[key] === 'string' ? query[key].trim() : '')
  const { zone, isUtcFirst } = await display()
  const shownZone = isUtcFirst ? 'UTC' : zone
  const now = new Date()
  const instant = (key: string) =>
    one(key) ? instantOf(one(key), { now, zone: shownZone, until: key === 'to' }) : null
  const [from, to] = [instant('from'), instant('to')]
  const { filter: named, cursor } = filterIn(query)
  const isProblem = from === undefined || to === undefined
  const { cluster, ...narrow } = named
  const isSummary =
    seesEverything(actor) && Object.keys(narrow).length === 0 && cursor === undefined && one('show') !== showCalls.show
  const since = from ?? (isSummary ? new Date(now.getTime() - 86_400_000) : null)
  const filter: CallFilter = {
    ...named,
    ...(since ? { from: since.toISOString() } : {}),
    ...(to ? { to: to.toISOString() } : {}),
  }
  return (
    <>
      <PageHead
        title="Activity"
        aside={!isSummary && seesEverything(actor) && <LinkButton href="/activity">All activity</LinkButton>}
      >
        {seesEverything(actor)
          ? 'Calls of people and programs, as the API servers of the clusters have reported them.'
          : 'Calls that were made with your access, as the API servers of the clusters have reported them.'}
      </PageHead>
      <QueryForm
        action="/activity"
        submit="Show activity"
        fields={[
          { id: 'cluster', label: 'Cluster', value: cluster ?? '', placeholder: 'every cluster', optional: true },
          {
            ...{
              id: 'from',
              label: `From (${shownZone})`,
              value: one('from'),
              placeholder: '24 hours ago',
              optional: true,
            },
            problem: isProblem ? 'Enter a date or time, such as 2026-11-23 14:00 or yesterday.' : null,
          },
          { id: 'to', label: `To (${shownZone})`, value: one('to'), placeholder: 'now', optional: true },
        ]}
      />
      {!isProblem &&
        (isSummary && since ? (
          <Summary actor={actor} filter={{ ...filter, from: since.toISOString() }} zone={shownZone} />
        ) : (
          <Calls {...{ actor, filter, cursor }} />
        ))}
    </>
  )
}

async function Calls({
  actor,
  filter,
  cursor,
}: {
  actor: PersonActor
  filter: CallFilter
  cursor: string | undefined
}) {
  const page = await listActivity(actor, cursor === undefined ? filter : { ...filter, cursor })
  const { from: _from, to: _to, ...terms } = filter
  const words = Object.entries(terms).map(([name, value]) => `${name} ${value === '' ? 'none' : value}`)
  return (
    <div className="mt-6">
      {words.length > 0 && (
        <p className="mb-3 text-dense text-muted wrap-anywhere">
          <UntrustedText>{words.join(' · ')}</UntrustedText>
        </p>
      )}
      {page.items.length > 0 ? (
        <CallTable calls={page.items} caption="Calls, the last one to arrive first" />
      ) : (
        <Empty title="No calls match.">
          Only calls that a cluster has reported, and that were not removed by retention, are here.
        </Empty>
      )}
      {page.nextCursor && (
        <p className="mt-4">
          <LinkButton href={hrefOfCalls(filter, page.nextCursor) as '/activity'}>Older</LinkButton>
        </p>
      )}
    </div>
  )
}

type SummaryProps = { actor: PersonActor; filter: CallFilter & { from: string }; zone: string }

async function Summary({ actor, filter, zone }: SummaryProps) {
  // A slow chart never takes the page with it.
  const parts = partOrNothing(callsOverTime(actor, filter), 'calls could not be counted over time')
  const gaps = partOrNothing(activityGaps(actor, filter), 'gaps of the activity could not be found')
  const summary = await activitySummary(actor, filter)
  if (summary.feeds.length === 0)
    return (
      <div className="mt-6">
        <Empty title="No cluster sends audit events to Postern.">
          Set <code>audit.tokenFile</code> of a cluster in postern.yaml, and connect the webhook of its API server.
        </Empty>
      </div>
    )
  const changes = [
    { id: 'rbac', title: 'Changes of access', calls: summary.rbac, kind: 'rbac' },
    { id: 'admission', title: 'Changes of admission', calls: summary.admission, kind: 'admission' },
    { id: 'tokens', title: 'Requests for tokens and certificates', calls: summary.tokens, kind: 'token' },
  ] as const
  return (
    <>
      <p className="mt-6 text-dense text-muted">
        Since <Time at={filter.from} as="exact" withZone />.{' '}
        {summary.feeds.map(({ cluster, newestAt }) => (
          <span key={cluster}>
            Newest event of <code>{cluster}</code>: <Time at={newestAt} as="exact" />.{' '}
          </span>
        ))}
      </p>
      {summary.removedBefore && filter.from < summary.removedBefore && (
        <p className="mt-2 text-dense text-ending">
          Calls before <Time at={summary.removedBefore} as="exact" withZone /> were removed by retention, except those
          of a finding.
        </p>
      )}
      <Section id="time" title="Calls over time">
        <Suspense key={hrefOfCalls(filter)} fallback={<div aria-hidden className="h-24" />}>
          <CallsOverTime {...{ parts, filter, zone }} />
        </Suspense>
      </Section>
      <Section id="gaps" title="Gaps">
        <Suspense key={hrefOfCalls(filter)} fallback={<div aria-hidden className="h-6" />}>
          <Gaps gaps={gaps} />
        </Suspense>
      </Section>
      <Section id="accounts" title="Accounts">
        <CountTable
          {...{ rows: summary.accounts, caption: 'Accounts by calls', columns: { account: 'Account' }, filter }}
          withRefused
          withBars
        />
      </Section>
      <Section id="verbs" title="Verbs">
        <CountTable
          {...{ rows: summary.verbs, caption: 'Verbs by calls', columns: { verb: 'Verb' }, filter }}
          withRefused
          withBars
        />
      </Section>
      <Section id="refused" title="Refused calls">
        <CountTable
          rows={summary.refusals}
          caption="Refused calls by account"
          columns={{ account: 'Account', verb: 'Verb', resource: 'Resource', namespace: 'Namespace', code: 'Status' }}
          filter={{ ...filter, refused: 'yes' }}
        />
      </Section>
      {changes.map(({ id, title, calls, kind }) => (
        <Section
          key={id}
          id={id}
          title={title}
          aside={
            calls.length > 0 && (
              <Link className="link" href={hrefOfCalls({ ...filter, kind }) as '/activity'}>
                All of them
              </Link>
            )
          }
        >
          {calls.length > 0 ? (
            <CallTable calls={calls} caption={`${title}, newest first`} />
          ) : (
            <p className="text-dense text-muted">None.</p>
          )}
        </Section>
      ))}
      <Section id="secrets" title="Access to secrets">
        <CountTable
          rows={summary.secrets}
          caption="Secrets by account"
          columns={{ account: 'Account', namespace: 'Namespace', name: 'Secret' }}
          filter={{ ...filter, kind: 'secret' }}
          withRefused
        />
      </Section>
      <Section id="failures" title="Not identified and anonymous calls">
        <CountTable
          rows={summary.failures}
          caption="Addresses of these calls"
          columns={{ address: 'Address', account: 'Account', code: 'Status' }}
          filter={{ ...filter, kind: 'authentication' }}
        />
      </Section>
      <Section id="arrived" title="Received events">
        <ul className="text-dense">
          {summary.arrived.map(({ cluster, outcome, count }) => (
            <li key={`${cluster} ${outcome}`}>
              <code>{cluster}</code>: {count.toLocaleString('en')} {outcome === 'rejected' ? 'not readable' : outcome}
            </li>
          ))}
        </ul>
        {summary.rejections.map(({ id, cluster, at, reason }) => (
          <p key={id} className="text-dense text-ending wrap-anywhere">
            <Time at={at} as="exact" /> <code>{cluster}</code>: <UntrustedText>{reason}</UntrustedText>
          </p>
        ))}
      </Section>
    </>
  )
}
