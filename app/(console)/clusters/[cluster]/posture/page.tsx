import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { PostureFindings } from '#components/cluster/posture-findings'
import { LiveRefresh } from '#components/layout/live-refresh'
import { PageHead } from '#components/layout/page-head'
import { Link } from '#components/ui/link'
import { Section } from '#components/ui/section'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import { requireActor } from '#lib/adapters/auth/session'
import { endpoints } from '#lib/api/endpoints'
import { performForPage } from '#lib/api/perform'
import { getPosture } from '#lib/views/get-posture'

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
  const { open, openCount, resolved, readAt, unknown } = value
  const count = openCount.high + openCount.medium
  return (
    <>
      <LiveRefresh renderedAt={Date.now()} />
      <PageHead title={`Posture of ${value.cluster}`}>
        <p>
          Standing access with a risk: {openCount.high} high, {openCount.medium} medium.{' '}
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
        {unknown && (
          <p className="text-ending">
            <UntrustedText>{unknown}</UntrustedText>
          </p>
        )}
      </PageHead>
      <Section id="open" title={count === 1 ? 'One finding' : `${count} findings`}>
        {open.length === 0 ? (
          <p className="text-dense text-muted">{readAt ? 'No standing access with a known risk.' : 'Not known yet.'}</p>
        ) : (
          <PostureFindings findings={open} />
        )}
        {count > open.length && <p className="text-dense text-muted">and {count - open.length} more</p>}
      </Section>
      {resolved.length > 0 && (
        <Section id="resolved" title="Resolved">
          <PostureFindings findings={resolved} />
        </Section>
      )}
    </>
  )
}
