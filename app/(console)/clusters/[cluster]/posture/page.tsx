import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { OwnRightsList } from '#components/cluster/own-rights'
import { PostureFindings } from '#components/cluster/posture-findings'
import { StandingAccessList } from '#components/cluster/standing-access'
import { TakeBaseline } from '#components/cluster/take-baseline'
import { DownloadLinks } from '#components/history/download-links'
import { LiveRefresh } from '#components/layout/live-refresh'
import { PageHead } from '#components/layout/page-head'
import { Link } from '#components/ui/link'
import { Section } from '#components/ui/section'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import { requireActor } from '#lib/adapters/auth/session'
import { endpoints } from '#lib/api/endpoints'
import { performForPage } from '#lib/api/perform'
import { hasRole } from '#lib/core/access/actor'
import { secondsOf } from '#lib/core/access/duration'
import { getPosture } from '#lib/views/get-posture'
import { acceptFinding, takeBaseline, withdrawAcceptance } from '../../actions.ts'

export const metadata: Metadata = { title: 'Posture' }

/** What is dangerous about the standing access in one cluster, for auditors and admins. */
export default async function PosturePage({ params }: PageProps<'/clusters/[cluster]/posture'>) {
  const { cluster } = await params
  const actor = await requireActor()
  const { value, error } = await performForPage(
    endpoints.getPosture,
    async () => actor,
    { params: { cluster } },
    (call) => getPosture(call.actor, call.params.cluster),
  )
  if (error && error.code !== 'not-found') throw error
  if (!value) notFound()
  const { open, openCount, accepted, acceptedCount, suppressed, suppressedCount, own, resolved } = value
  const { standing, standingCount } = value
  const { readAt, judgedAt, unknown, baseline, newHighCount, leftOutCount } = value
  const count = openCount.high + openCount.medium
  // The whole day must be within the longest acceptance.
  const lastDay = new Date(Date.now() + (secondsOf(value.longestAcceptance) - 86_400) * 1000).toISOString().slice(0, 10)
  const acceptance = hasRole(actor, 'admin')
    ? { cluster, lastDay, accept: acceptFinding, withdraw: withdrawAcceptance }
    : undefined
  return (
    <>
      <LiveRefresh renderedAt={Date.now()} />
      <PageHead title={`Posture of ${value.cluster}`}>
        <p>
          Open findings: {openCount.high} high, {openCount.medium} medium.{' '}
          {readAt ? (
            <>
              Roles and bindings were read <Time at={readAt} />.
            </>
          ) : (
            'Roles and bindings haven’t been read yet.'
          )}{' '}
          <Link href="/clusters" className="link">
            All clusters
          </Link>
        </p>
        {baseline && (
          <p>
            {newHighCount === 1 ? '1 new high finding' : `${newHighCount} new high findings`} since{' '}
            {baseline.by === null ? 'the first reading' : 'the baseline'}, <Time at={baseline.at} />
            {baseline.by !== null && (
              <>
                {' '}
                (<UntrustedText>{baseline.by}</UntrustedText>)
              </>
            )}
            . {acceptedCount} accepted, {suppressedCount} suppressed.
          </p>
        )}
        {leftOutCount > 0 && (
          <p className="text-bad">
            {leftOutCount.toLocaleString('en')} more findings are not stored, because Postern stores 5,000 of a cluster.
            Remove bindings until none is left out.
          </p>
        )}
        {unknown && (
          <p className="text-ending">
            <UntrustedText>{unknown}</UntrustedText>
          </p>
        )}
        {acceptance && judgedAt && <TakeBaseline cluster={cluster} judgedAt={judgedAt} take={takeBaseline} />}
      </PageHead>
      <Section id="open" title={count === 1 ? 'One finding' : `${count} findings`}>
        {open.length === 0 ? (
          <p className="text-dense text-muted">{readAt ? 'No known risk.' : 'Not known yet.'}</p>
        ) : (
          <PostureFindings findings={open} acceptance={acceptance} />
        )}
        {count > open.length && <p className="text-dense text-muted">and {count - open.length} more</p>}
        {readAt && (
          <DownloadLinks
            links={[
              { name: 'Download SARIF', href: `/api/v1/clusters/${cluster}/posture/export?format=sarif` },
              {
                name: 'Download PolicyReport',
                href: `/api/v1/clusters/${cluster}/posture/export?format=policy-report`,
              },
            ]}
          />
        )}
      </Section>
      {standing.length > 0 && (
        <Section id="standing" title={`Standing access of people that requests could replace: ${standingCount}`}>
          <StandingAccessList standing={standing} />
          {standingCount > standing.length && (
            <p className="text-dense text-muted">and {standingCount - standing.length} more</p>
          )}
        </Section>
      )}
      {accepted.length > 0 && (
        <Section id="accepted" title={`Accepted: ${acceptedCount}`}>
          <PostureFindings findings={accepted} acceptance={acceptance} />
        </Section>
      )}
      {suppressed.length > 0 && (
        <Section id="suppressed" title={`Suppressed by postern.yaml: ${suppressedCount}`}>
          <PostureFindings findings={suppressed} />
        </Section>
      )}
      {own.length > 0 && (
        <Section id="own" title="Postern’s own permissions">
          <p className="text-dense text-muted">
            Postern’s ServiceAccount has the permissions of deploy/rbac.yaml, as expected. Any other permission is a
            finding.
          </p>
          <OwnRightsList own={own} />
        </Section>
      )}
      {resolved.length > 0 && (
        <Section id="resolved" title="Resolved">
          <PostureFindings findings={resolved} />
        </Section>
      )}
    </>
  )
}
