import { Bar } from '#components/ui/bar'
import { ScrollTable } from '#components/ui/scroll-table'
import type { ReportResource } from '#lib/core/access/report-resource'

/** How often break-glass access was used, and what its reviews said. */
export function BreakGlassTable({ months }: { months: ReportResource['breakGlass'] }) {
  if (months.length === 0) return <p className="text-dense text-muted">Break-glass access was not used.</p>
  const most = Math.max(...months.map(({ uses }) => uses))
  return (
    <ScrollTable caption="Break-glass access per month">
      <thead>
        <tr>
          <th scope="col">Month</th>
          <th scope="col">Uses</th>
          <th scope="col">Justified</th>
          <th scope="col">Not justified</th>
          <th scope="col">Not reviewed</th>
          <th scope="col" className="w-1/3 max-sm:hidden">
            <span className="sr-only">Uses as a bar</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {months.map(({ month, uses, justified, notJustified, open }) => (
          <tr key={month}>
            <th scope="row" className="text-left font-normal whitespace-nowrap">
              {month}
            </th>
            <td className="tabular-nums">{uses}</td>
            <td className="tabular-nums">{justified}</td>
            <td className="tabular-nums">{notJustified}</td>
            <td className="tabular-nums">{open}</td>
            <td className="max-sm:hidden">
              <Bar share={uses / most} />
            </td>
          </tr>
        ))}
      </tbody>
    </ScrollTable>
  )
}
