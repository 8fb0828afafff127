import Link from 'next/link'
import { exactTime } from '#lib/access/time-in-words'
import { type HistoryFilter, queryOf } from '#lib/audit/filter'

type Bucket = { from: string; to: string; count: number }
type Props = { buckets: Bucket[]; filter: HistoryFilter }

const height = 56

/** How much happened when. Each bar leads to its own stretch of time; the numbers are in its name. */
export function Histogram({ buckets, filter }: Props) {
  const most = Math.max(1, ...buckets.map((one) => one.count))
  const [first, last] = [buckets[0], buckets.at(-1)]
  if (!first || !last) return null
  return (
    <nav aria-label="Events over time" className="mt-4">
      <ul className="flex h-14 items-end border-b border-edge">
        {buckets.map((one) => {
          const tall = one.count === 0 ? 0 : Math.max(3, Math.round((one.count / most) * height))
          return (
            <li key={one.from} className="h-full min-w-0 flex-1">
              {one.count > 0 && (
                <Link
                  href={`/history?${queryOf({ ...filter, from: one.from, to: one.to })}`}
                  title={`${one.count} from ${exactTime(one.from)} to ${exactTime(one.to)} UTC`}
                  className="group block h-full text-muted hover:text-accent focus-visible:text-accent"
                >
                  <svg aria-hidden className="block size-full" viewBox={`0 0 10 ${height}`} preserveAspectRatio="none">
                    <rect x="0" y="0" width="10" height={height} fill="transparent" />
                    <rect x="1" y={height - tall} width="8" height={tall} fill="currentColor" />
                  </svg>
                  <span className="sr-only">
                    {one.count} from {exactTime(one.from)} to {exactTime(one.to)}
                  </span>
                </Link>
              )}
            </li>
          )
        })}
      </ul>
      <div className="mt-1 flex justify-between font-mono text-code text-muted">
        <span>{exactTime(first.from).slice(0, 16)}</span>
        <span>{exactTime(last.to).slice(0, 16)} UTC</span>
      </div>
    </nav>
  )
}
