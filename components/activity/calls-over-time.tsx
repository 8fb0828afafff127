import { clsx } from 'clsx'
import { Link } from '#components/ui/link'
import { ScrollTable } from '#components/ui/scroll-table'
import { StackedBars } from '#components/ui/stacked-bars'
import type { CallFilter, CallsInTime } from '#lib/core/access/activity-resource'
import { wallTime } from '#lib/core/access/time-zone'
import { hrefOfCalls } from '#lib/core/activity/call-link'
import { responseText } from '#lib/core/activity/words'

type Props = {
  /** Null if they could not be counted. */
  parts: Promise<CallsInTime[] | null>
  filter: CallFilter
  /** The time zone of the page. */
  zone: string
}

/** Bars that share one link and one row of the table: a single bar is narrower than the 24 px of WCAG 2.5.8. */
const together = 6
/** By the number of bars. */
const widths = ['', 'grow-1', 'grow-2', 'grow-3', 'grow-4', 'grow-5', 'grow-6']

/** From below: the refused calls are compared from one line. */
const layers = [
  { field: 'forbidden', name: responseText(403), colour: 'text-bad', filter: { code: 403 } },
  { field: 'unidentified', name: responseText(401), colour: 'text-waiting', filter: { code: 401 } },
  { field: 'allowed', name: 'Allowed', colour: 'text-muted', filter: { refused: 'no' } },
] as const

const sumOf = (parts: readonly CallsInTime[]) =>
  parts.reduce((sum, one) => sum + one.allowed + one.unidentified + one.forbidden, 0)

/** Calls over time, allowed and refused ones, as a chart and as a table. Every bar and number links to its calls. */
export async function CallsOverTime({ parts: counted, filter, zone }: Props) {
  const parts = await counted
  if (!parts) return <p className="text-dense text-muted">Counting these calls over time took too long.</p>
  const [first, last] = [parts[0], parts.at(-1)]
  if (!first || !last) return <p className="text-dense text-muted">No calls in this time.</p>
  const most = Math.max(...parts.map((one) => sumOf([one])))
  const groups = Array.from({ length: Math.ceil(parts.length / together) }, (_, index) =>
    parts.slice(index * together, (index + 1) * together),
  )
  const minuteOf = (instant: string) => {
    const { date, time } = wallTime(instant, zone)
    return `${date} ${time.slice(0, 5)}`
  }
  const rangeOf = (group: readonly CallsInTime[]) => ({ from: group[0]?.from ?? '', to: group.at(-1)?.to ?? '' })
  return (
    <div className="grid gap-x-8 gap-y-4 rail:grid-cols-[minmax(0,1fr)_28rem]">
      <nav aria-label="Calls over time">
        <ul className="flex h-24 items-end border-b border-edge">
          {groups.map((group) => {
            const { from, to } = rangeOf(group)
            const count = sumOf(group)
            const refused = group.reduce((sum, one) => sum + one.unidentified + one.forbidden, 0)
            const words = `${count} ${count === 1 ? 'call' : 'calls'}, ${refused} refused, from ${minuteOf(from)} to ${minuteOf(to)}`
            return (
              // A last group with fewer bars is narrower, so that every bar has the same width.
              <li key={from} className={clsx('h-full min-w-0 basis-0', widths[group.length])}>
                {count > 0 && (
                  <Link
                    href={hrefOfCalls({ ...filter, from, to }) as '/activity'}
                    title={words}
                    className="block h-full hover:bg-sunken focus-visible:bg-sunken"
                  >
                    <StackedBars
                      bars={group.map((one) => layers.map(({ field }) => one[field]))}
                      colours={layers.map(({ colour }) => colour)}
                      most={most}
                    />
                    <span className="sr-only">{words}</span>
                  </Link>
                )}
              </li>
            )
          })}
        </ul>
        <div className="mt-1 flex flex-wrap justify-between gap-x-4 font-mono text-code text-muted">
          <span>{minuteOf(first.from)}</span>
          <span>
            {minuteOf(last.to)} {wallTime(last.to, zone).offset}
          </span>
        </div>
      </nav>
      <ScrollTable caption="Calls over time, newest first">
        <thead>
          <tr>
            <th scope="col">From</th>
            {layers.toReversed().map(({ name, colour }) => (
              <th key={name} scope="col">
                <span aria-hidden className={clsx('mr-1', colour)}>
                  ■
                </span>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {groups.toReversed().map((group) => {
            const range = rangeOf(group)
            return (
              <tr key={range.from}>
                <th scope="row" className="text-left font-normal whitespace-nowrap">
                  {minuteOf(range.from)}
                </th>
                {layers.toReversed().map(({ field, name, filter: only }) => {
                  const count = group.reduce((sum, one) => sum + one[field], 0)
                  return (
                    <td key={name} className="tabular-nums">
                      {count === 0 ? (
                        '0'
                      ) : (
                        <Link className="link" href={hrefOfCalls({ ...filter, ...range, ...only }) as '/activity'}>
                          {count.toLocaleString('en')}
                        </Link>
                      )}
                    </td>
                  )
                })}
              </tr>
            )
          })}
        </tbody>
      </ScrollTable>
    </div>
  )
}
