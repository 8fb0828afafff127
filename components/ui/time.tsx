'use client'
import { exactTime, relativeTime, timeLeft } from '#lib/core/access/format-time'
import { wallTime } from '#lib/core/access/time-zone'
import { useNow, useZones } from './clock.tsx'

type Props = {
  at: string
  as?: 'relative' | 'left' | 'exact' | 'time'
  /** Add the zone, where no heading names it. */
  withZone?: boolean
}

const inWords = (at: string, zone: string) => {
  const { date, time, offset } = wallTime(at, zone)
  return `${date} ${time} ${offset}`
}

/**
 * An instant. `relative`: "5 min ago", kept current; `left`: a countdown; `exact`: date and time; `time`: the time of day,
 * both in the reader's time zone, or in UTC if they chose that. Hovering shows the exact instant in both.
 */
export function Time({ at, as = 'relative', withZone = false }: Props) {
  const now = useNow()
  const { shown, other } = useZones()
  const wall = wallTime(at, shown)
  const zone = withZone ? ` ${wall.offset}` : ''
  const words = {
    relative: () => relativeTime(Date.parse(at), now),
    left: () => timeLeft(Date.parse(at), now),
    exact: () => `${wall.date} ${wall.time}${zone}`,
    time: () => `${wall.time}${zone}`,
  }[as]()
  const isMoving = as === 'relative' || as === 'left'
  return (
    <time
      dateTime={at}
      // Paper shows it in UTC too.
      data-utc={isMoving || wall.offset !== 'UTC' ? exactTime(at) : undefined}
      title={[...new Set([isMoving ? inWords(at, shown) : '', inWords(at, other)])].filter(Boolean).join(' · ')}
      className={isMoving ? 'whitespace-nowrap' : 'font-mono text-code whitespace-nowrap'}
    >
      {words}
    </time>
  )
}

/** The zone of the exact times on the page, for the heading of a column. */
export const ZoneName = () => useZones().shown

/** The remaining time of a grant, as a bar with a countdown. */
export function Remaining({ since, until }: { since: string; until: string }) {
  const now = useNow()
  const [from, to] = [Date.parse(since), Date.parse(until)]
  const left = Math.max(0, to - now)
  return (
    <span className="flex items-center gap-3">
      <progress className="spent min-w-12" max={Math.max(1, to - from)} value={left} aria-label="Time left" />
      <span className="min-w-16 shrink-0 text-right font-strong whitespace-nowrap">
        <Time at={until} as="left" />
      </span>
    </span>
  )
}
