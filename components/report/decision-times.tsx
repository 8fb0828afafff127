import { Bar } from '#components/ui/bar'
import { ScrollTable } from '#components/ui/scroll-table'
import { UntrustedText } from '#components/ui/untrusted-text'
import { secondsOf, shortDuration } from '#lib/core/access/duration'
import { groupInWords } from '#lib/core/access/on-call'
import type { ReportResource } from '#lib/core/access/report-resource'

/** How long each group takes: the bars show the median, with the longest one as their measure. */
export function DecisionTimes({ decisions }: Pick<ReportResource, 'decisions'>) {
  if (decisions.length === 0) return <p className="text-dense text-muted">No decisions in this period.</p>
  const longest = Math.max(...decisions.map(({ median }) => secondsOf(median)))
  return (
    <ScrollTable caption="Time from submission to a decision, by group">
      <thead>
        <tr>
          <th scope="col">Group</th>
          <th scope="col">Decisions</th>
          <th scope="col">Median</th>
          <th scope="col">90 % within</th>
          <th scope="col" className="w-1/3 max-sm:hidden">
            <span className="sr-only">Median as a bar</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {decisions.map(({ group, count, median, p90 }) => (
          <tr key={group}>
            <th scope="row" className="text-left font-normal">
              <UntrustedText>{groupInWords(group)}</UntrustedText>
            </th>
            <td className="tabular-nums">{count}</td>
            <td className="tabular-nums">{shortDuration(secondsOf(median))}</td>
            <td className="tabular-nums">{shortDuration(secondsOf(p90))}</td>
            <td className="max-sm:hidden">
              <Bar share={secondsOf(median) / longest} />
            </td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}
