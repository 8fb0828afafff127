import { clsx } from 'clsx'
import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { PageHead } from '#components/layout/page-head'
import { BreakGlassTable } from '#components/report/break-glass-table'
import { DecisionTimes } from '#components/report/decision-times'
import { GrantsPerDay } from '#components/report/grants-per-day'
import { Refusals } from '#components/report/refusals'
import { RequestTotals } from '#components/report/request-totals'
import { Link } from '#components/ui/link'
import { Section } from '#components/ui/section'
import { UntrustedText } from '#components/ui/untrusted-text'
import { requireActor } from '#lib/adapters/auth/session'
import { endpoints } from '#lib/api/endpoints'
import { performForPage } from '#lib/api/perform'
import { groupInWords } from '#lib/core/access/on-call'
import { defaultPeriod, reportPeriods } from '#lib/core/access/report-resource'
import { report } from '#lib/views/report'

export const metadata: Metadata = { title: 'Reports' }

/** How requests were decided in the last days: all of them for auditors and admins, an approver's own for approvers. */
export default async function ReportsPage({ searchParams }: PageProps<'/reports'>) {
  const query = await searchParams
  const actor = await requireActor()
  const days = reportPeriods.find((one) => one === query.days) ?? defaultPeriod
  const { value, error } = await performForPage(
    endpoints.getReport,
    async () => actor,
    {},
    (call) => report(call.actor, days),
  )
  if (error && error.code !== 'not-found') throw error
  if (!value) notFound()
  return (
    <>
      <PageHead
        title="Reports"
        aside={
          <a className="link" download href={`/api/v1/reports/export?days=${days}`}>
            Download CSV
          </a>
        }
      >
        {value.groups && (
          <p className="mb-1">
            Requests that these groups of yours may decide:{' '}
            <UntrustedText>{value.groups.map(groupInWords).join(', ')}</UntrustedText>
          </p>
        )}
        <nav aria-label="Period" className="flex flex-wrap gap-x-4">
          {reportPeriods.map((one) => (
            <Link
              key={one}
              href={`/reports?days=${one}`}
              aria-current={one === days ? 'page' : undefined}
              className={clsx('inline-flex min-h-8 items-center', one === days ? 'font-strong text-ink' : 'link')}
            >
              Last {one} days
            </Link>
          ))}
        </nav>
      </PageHead>
      <RequestTotals requests={value.requests} />
      <Section id="decisions" title="Time to a decision">
        <DecisionTimes decisions={value.decisions} />
      </Section>
      <Section id="grants" title="Grants per day" aside="days in UTC, severity at submission">
        <GrantsPerDay grants={value.grants} />
      </Section>
      <Section id="refusals" title="Refusals">
        <Refusals refusals={value.refusals} denied={value.requests.denied} />
      </Section>
      <Section id="break-glass" title="Break-glass access">
        <BreakGlassTable months={value.breakGlass} />
      </Section>
    </>
  )
}
