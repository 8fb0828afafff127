import { Bar } from '#components/ui/bar'
import { Link } from '#components/ui/link'
import { ScrollTable } from '#components/ui/scroll-table'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { CallFilter } from '#lib/core/access/activity-resource'
import { hrefOfCalls } from '#lib/core/activity/call-link'

type Counted = Partial<Record<'account' | 'address' | 'verb' | 'resource' | 'namespace' | 'name', string | null>> & {
  code?: number | null
  count: number
  refused: number
}

type Props = {
  rows: readonly Counted[]
  caption: string
  /** The columns with their headings. */
  columns: Partial<Record<keyof Counted, string>>
  /** What all rows have in common. */
  filter: CallFilter
  /** Show how many of the calls were refused. */
  withRefused?: boolean
  /** Show the calls as bars too. */
  withBars?: boolean
}

/** How often something happened. Each number is a link to the calls that it counts. */
export function CountTable({ rows, caption, columns, filter, withRefused = false, withBars = false }: Props) {
  if (rows.length === 0) return <p className="text-dense text-muted">None.</p>
  const names = Object.keys(columns) as Array<keyof Counted>
  const most = Math.max(...rows.map(({ count }) => count))
  return (
    <ScrollTable caption={caption}>
      <thead>
        <tr>
          {names.map((name) => (
            <th key={name} scope="col">
              {columns[name]}
            </th>
          ))}
          <th scope="col" className="text-right">
            Calls
          </th>
          {withRefused && (
            <th scope="col" className="text-right">
              Refused
            </th>
          )}
          {withBars && (
            <th scope="col" className="w-1/4 max-sm:hidden">
              <span className="sr-only">Calls as a bar</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const values = Object.fromEntries(names.flatMap((name) => (row[name] == null ? [] : [[name, row[name]]])))
          return (
            <tr key={JSON.stringify(names.map((name) => row[name]))}>
              {names.map((name) => (
                <td key={name} className="max-w-96 wrap-anywhere">
                  <code>
                    <UntrustedText>{String(row[name] || '–')}</UntrustedText>
                  </code>
                </td>
              ))}
              <td className="text-right">
                <Link className="link" href={hrefOfCalls({ ...filter, ...values }) as '/activity'}>
                  {row.count.toLocaleString('en')}
                </Link>
              </td>
              {withRefused && (
                <td className="text-right">
                  {row.refused > 0 ? (
                    <Link
                      className="link text-bad"
                      href={hrefOfCalls({ ...filter, ...values, refused: 'yes' }) as '/activity'}
                    >
                      {row.refused.toLocaleString('en')} ({Math.round((100 * row.refused) / row.count)} %)
                    </Link>
                  ) : (
                    '0'
                  )}
                </td>
              )}
              {withBars && (
                <td className="max-sm:hidden">
                  <Bar share={row.count / most} />
                </td>
              )}
            </tr>
          )
        })}
      </tbody>
    </ScrollTable>
  )
}
