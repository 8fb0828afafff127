import { SeverityMark } from '#components/request/severity-mark'
import { ScrollTable } from '#components/ui/scroll-table'
import { StackedBars } from '#components/ui/stacked-bars'
import type { ReportResource } from '#lib/core/access/report-resource'
import { severities } from '#lib/core/access/severity'

/** The text colours of low, medium and high. */
const colours = ['text-muted', 'text-waiting', 'text-bad']

/** Access that began, as a chart and as a table of the days that had any. */
export function GrantsPerDay({ grants }: Pick<ReportResource, 'grants'>) {
  const withSome = grants.filter(({ low, medium, high }) => low + medium + high > 0).reverse()
  if (withSome.length === 0) return <p className="text-dense text-muted">No access began in this period.</p>
  return (
    <div className="grid gap-x-8 gap-y-4 rail:grid-cols-[minmax(0,1fr)_20rem]">
      <figure>
        <div className="h-24 border-b border-edge">
          <StackedBars
            bars={grants.map(({ low, medium, high }) => [low, medium, high])}
            colours={colours}
            most={Math.max(1, ...grants.map(({ low, medium, high }) => low + medium + high))}
          />
        </div>
        <figcaption className="mt-1 flex flex-wrap justify-between gap-x-4 font-mono text-code text-muted">
          <span>{grants[0]?.day}</span>
          <span>{grants.at(-1)?.day}</span>
        </figcaption>
      </figure>
      <div className="max-h-72 overflow-y-auto print:max-h-none">
        <ScrollTable caption="Grants per day by severity, newest first">
          <thead>
            <tr>
              <th scope="col">Day</th>
              {severities.map((severity) => (
                <th key={severity} scope="col">
                  <SeverityMark severity={severity} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {withSome.map((one) => (
              <tr key={one.day}>
                <th scope="row" className="text-left font-normal whitespace-nowrap">
                  {one.day}
                </th>
                {severities.map((severity) => (
                  <td key={severity} className="tabular-nums">
                    {one[severity]}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </ScrollTable>
      </div>
    </div>
  )
}
