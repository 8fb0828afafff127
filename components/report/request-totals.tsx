import type { ReportResource } from '#lib/core/access/report-resource'

/** The requests of the period, by what became of them. */
export function RequestTotals({ requests }: Pick<ReportResource, 'requests'>) {
  const { submitted, approved, automatic, denied, withdrawn, lapsed, pending } = requests
  const totals: Array<[string, number]> = [
    ['Submitted', submitted],
    ['Approved', approved],
    ['of these automatically', automatic],
    ['Denied', denied],
    ['Withdrawn', withdrawn],
    ['Expired undecided', lapsed],
    ['Pending', pending],
  ]
  return (
    <dl className="mt-2 flex flex-wrap gap-x-8 gap-y-3">
      {totals.map(([word, count]) => (
        <div key={word}>
          <dt className="text-dense text-muted">{word}</dt>
          <dd className="font-strong tabular-nums">{count}</dd>
        </div>
      ))}
    </dl>
  )
}
