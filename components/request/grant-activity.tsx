import type { ReactNode } from 'react'
import { Called } from '#components/activity/called'
import { Copyable } from '#components/ui/copyable'
import { Link } from '#components/ui/link'
import { ScrollTable } from '#components/ui/scroll-table'
import { Time, ZoneName } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type {
  ActivityFeed,
  CallGroup,
  CallSource,
  GrantActivity,
  LastingCall,
} from '#lib/core/access/activity-resource'
import { hrefOfCalls } from '#lib/core/activity/call-link'
import { calledText, responseText } from '#lib/core/activity/words'

type Props = { activity: GrantActivity; activatedAt: string | null; endedAt: string | null }

/** Shown at once; the others are behind a summary. */
const shownGroups = 15

/** What was done with a grant, from the audit events of its cluster: the calls, their sources, and what stands out. */
export function GrantActivityView({ activity, activatedAt, endedAt }: Props) {
  const { groups, moreGroups, sources, lasting, created, moreSources, moreLasting, moreCreated } = activity
  if (activity.count === 0) return <NoCalls activity={activity} activatedAt={activatedAt} endedAt={endedAt} />
  return (
    <div className="space-y-4">
      <Summary activity={activity} />
      {activity.feed?.removedBefore && (!activatedAt || activity.feed.removedBefore > activatedAt) && (
        <p className="max-w-[72ch] text-dense text-ending">
          <Removed before={activity.feed.removedBefore} />
        </p>
      )}
      <CallGroups grantId={activity.grantId} groups={groups.slice(0, shownGroups)} caption="Calls" />
      {groups.length > shownGroups && (
        <details>
          <summary className="text-dense">and {groups.length - shownGroups} more kinds of calls</summary>
          <CallGroups grantId={activity.grantId} groups={groups.slice(shownGroups)} caption="More calls" />
          {moreGroups && <p className="text-dense text-muted">There are more. They are in the API.</p>}
        </details>
      )}
      {lasting.length > 0 && <LastingCalls calls={lasting} />}
      {moreLasting && (
        <More grantId={activity.grantId}>Only the newest {lasting.length} calls that last are shown.</More>
      )}
      {created.length > 0 && (
        <p className="max-w-[72ch] text-dense">
          Created and not deleted with this access:{' '}
          {created.map((one, index) => (
            <span key={`${one.group}/${one.resource}/${one.namespace}/${one.name}`}>
              {index > 0 && ', '}
              <code>
                <UntrustedText>{calledText({ ...one, verb: '', subresource: '', path: '' }).trim()}</UntrustedText>
              </code>
              {one.name === '' && ' with a generated name'}
            </span>
          ))}
        </p>
      )}
      {moreCreated && (
        <More grantId={activity.grantId}>Only the newest {created.length} created objects are shown.</More>
      )}
      <CallSources sources={sources} />
      {moreSources && (
        <More grantId={activity.grantId}>Only {sources.length} tokens, addresses and programs are shown.</More>
      )}
    </div>
  )
}

/** Says what is left out, and links to it: whoever made the calls may have hidden one among many. */
function More({ grantId, children }: { grantId: string; children: ReactNode }) {
  return (
    <p className="text-dense text-ending">
      {children}{' '}
      <Link className="link" href={hrefOfCalls({ grant: grantId }) as '/activity'}>
        All calls
      </Link>
    </p>
  )
}

/** Nothing is known to have been done. Whether that means anything depends on what the cluster reports. */
function NoCalls({ activity: { cluster, feed }, activatedAt, endedAt }: Props) {
  if (!feed)
    return (
      <p className="text-dense">
        Not known: <code>{cluster}</code> sends no audit events to Postern.
      </p>
    )
  if (!activatedAt) return <p className="text-dense">Never used: the access did not begin.</p>
  if (feed.removedBefore && feed.removedBefore > activatedAt)
    return (
      <p className="max-w-[72ch] text-dense">
        No calls are known. <Removed before={feed.removedBefore} />
      </p>
    )
  if (!isCovered(feed, activatedAt, endedAt))
    return (
      <p className="max-w-[72ch] text-dense">
        No calls are known. The audit events of <code>{cluster}</code> that have arrived are about{' '}
        <Time at={feed.firstAt} as="exact" /> to <Time at={feed.newestAt} as="exact" withZone />.
      </p>
    )
  return (
    <p className="text-dense">
      {endedAt ? 'Never used.' : 'Not used yet.'} <Until feed={feed} />
    </p>
  )
}

const Removed = ({ before }: { before: string }) => (
  <>
    Calls before <Time at={before} as="exact" withZone /> were removed by retention, except those of a finding.
  </>
)

/** NB: RFC 3339 times in UTC sort like text. */
const isCovered = (feed: ActivityFeed, from: string, until: string | null) =>
  feed.firstAt <= from && (until === null || feed.newestAt >= until)

function Until({ feed }: { feed: ActivityFeed }) {
  return (
    <span className="text-muted">
      The newest audit event of the cluster is from <Time at={feed.newestAt} as="exact" withZone />.
    </span>
  )
}

function Summary({
  activity: { count, refused, secrets, afterEnd, firstAt, lastAt, feed },
}: {
  activity: GrantActivity
}) {
  return (
    <div className="max-w-[72ch] text-dense">
      <p>
        <span className="font-strong">{count === 1 ? '1 call' : `${count.toLocaleString('en')} calls`}</span>
        {firstAt && lastAt && (
          <>
            , from <Time at={firstAt} as="exact" /> to <Time at={lastAt} as="exact" withZone />
          </>
        )}
        {refused > 0 && <span className="text-bad"> · {refused.toLocaleString('en')} refused</span>}
        {secrets > 0 && <span className="text-ending"> · {secrets.toLocaleString('en')} about secrets</span>}
      </p>
      {afterEnd > 0 && (
        <p className="font-strong text-bad">
          ▲ {afterEnd === 1 ? '1 call was' : `${afterEnd} calls were`} made after the access had ended.
        </p>
      )}
      {feed && (
        <p>
          <Until feed={feed} />
        </p>
      )}
    </div>
  )
}

function Response({ code }: { code: number | null }) {
  const isRefused = code === 401 || code === 403
  return <span className={isRefused ? 'text-bad' : undefined}>{responseText(code)}</span>
}

const hrefOfGroup = (grant: string, { verb, resource, subresource, namespace, name, code }: CallGroup) =>
  hrefOfCalls({ grant, verb, resource, subresource, namespace, name, ...(code === null ? {} : { code }) })

type GroupsProps = { grantId: string; groups: readonly CallGroup[]; caption: string }

function CallGroups({ grantId, groups, caption }: GroupsProps) {
  return (
    <ScrollTable caption={caption}>
      <thead>
        <tr>
          <th scope="col">Call</th>
          <th scope="col">Namespace</th>
          <th scope="col">Response</th>
          <th scope="col" className="text-right">
            Times
          </th>
          <th scope="col">
            First (<ZoneName />)
          </th>
          <th scope="col">
            Last (<ZoneName />)
          </th>
        </tr>
      </thead>
      <tbody>
        {groups.map((one) => (
          <tr key={JSON.stringify([calledText(one), one.namespace, one.code, one.kind])}>
            <td className="wrap-anywhere">
              <code>
                <UntrustedText>{calledText(one)}</UntrustedText>
              </code>
            </td>
            <td>
              <code>
                <UntrustedText>{one.namespace}</UntrustedText>
              </code>
            </td>
            <td>
              <Response code={one.code} />
            </td>
            <td className="text-right">
              <Link className="link" href={hrefOfGroup(grantId, one) as '/activity'}>
                {one.count.toLocaleString('en')}
              </Link>
            </td>
            <td>
              <Time at={one.firstAt} as="exact" />
            </td>
            <td>
              <Time at={one.lastAt} as="exact" />
            </td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}

function LastingCalls({ calls }: { calls: readonly LastingCall[] }) {
  return (
    <ScrollTable caption="Calls that last">
      <thead>
        <tr>
          <th scope="col">Call that lasts</th>
          <th scope="col">
            Begin (<ZoneName />)
          </th>
          <th scope="col">
            End (<ZoneName />)
          </th>
        </tr>
      </thead>
      <tbody>
        {calls.map((one) => (
          <tr key={JSON.stringify([one.at, calledText(one), one.query])}>
            <td className="wrap-anywhere">
              <Called of={one} />
            </td>
            <td>
              <Time at={one.at} as="exact" />
            </td>
            <td>
              {one.endedAt ? <Time at={one.endedAt} as="exact" /> : 'not reported'}
              {one.outlived && <span className="block text-bad">▲ outlived the access</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}

function CallSources({ sources }: { sources: readonly CallSource[] }) {
  return (
    <ScrollTable caption="Tokens, addresses and programs">
      <thead>
        <tr>
          <th scope="col">
            Token (<code>jti</code>)
          </th>
          <th scope="col">Address</th>
          <th scope="col">Program</th>
          <th scope="col" className="text-right">
            Calls
          </th>
        </tr>
      </thead>
      <tbody>
        {sources.map((one) => (
          <tr key={JSON.stringify(one)}>
            <td>
              <Token source={one} />
            </td>
            <td>
              <code>
                <UntrustedText>{one.address ?? '–'}</UntrustedText>
              </code>
              {one.forwardedFor && (
                <span className="block text-muted">
                  says it forwards for{' '}
                  <code>
                    <UntrustedText>{one.forwardedFor}</UntrustedText>
                  </code>
                </span>
              )}
            </td>
            <td className="wrap-anywhere">
              <UntrustedText>{one.userAgent ?? '–'}</UntrustedText>
            </td>
            <td className="text-right">{one.count.toLocaleString('en')}</td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}

function Token({ source: { credentialId, isIssued, impersonated, account } }: { source: CallSource }) {
  if (impersonated && !account.includes(':postern-grants:'))
    return (
      <span className="text-bad">
        ▲ impersonated by{' '}
        <code>
          <UntrustedText>{account}</UntrustedText>
        </code>
      </span>
    )
  if (!credentialId) return <span className="text-ending">◐ not named by the cluster</span>
  return (
    <>
      {/^[\w-]{1,64}$/.test(credentialId) ? (
        <Copyable text={credentialId} label="audit ID" />
      ) : (
        <UntrustedText>{credentialId}</UntrustedText>
      )}
      {!isIssued && <span className="block text-bad">▲ not issued by Postern</span>}
      {impersonated && (
        <span className="block text-ending">
          acting as{' '}
          <code>
            <UntrustedText>{impersonated}</UntrustedText>
          </code>
        </span>
      )}
    </>
  )
}
