'use client'
import { useEffect, useState } from 'react'
import { exactTime, relativeTime, timeLeft } from '#lib/core/access/format-time'
import { useNow } from './clock.tsx'

type Props = { at: string; as?: 'relative' | 'left' | 'exact' | 'time' }

/**
 * An instant. `relative`: "5 min ago", kept current; `left`: a countdown; `exact`: date and time in UTC; `time`: the
 * time of day in UTC. Hovering shows the exact instant in UTC and in the reader's time zone.
 */
export function Time({ at, as = 'relative' }: Props) {
  const now = useNow()
  const [local, setLocal] = useState('')
  useEffect(() => {
    const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' })
    setLocal(format.format(new Date(at)))
  }, [at])
  const exact = exactTime(at)
  const words = {
    relative: () => relativeTime(Date.parse(at), now),
    left: () => timeLeft(Date.parse(at), now),
    exact: () => exact,
    time: () => exact.slice(11),
  }[as]()
  return (
    <time
      dateTime={at}
      data-moves={as === 'relative' || as === 'left' ? exact : undefined}
      title={local ? `${exact} UTC · ${local}` : `${exact} UTC`}
      className={as === 'exact' || as === 'time' ? 'font-mono text-code whitespace-nowrap' : 'whitespace-nowrap'}
    >
      {words}
    </time>
  )
}

/** The remaining time of a grant, as a bar with a countdown. */
export function Remaining({ since, until }: { since: string; until: string }) {
  const now = useNow()
  const [from, to] = [Date.parse(since), Date.parse(until)]
  const left = Math.max(0, to - now)
  return (
    <span className="flex items-center gap-3">
      <progress className="spent min-w-12" max={Math.max(1, to - from)} value={left} aria-label="Time left" />
      <span className="min-w-16 text-right font-strong whitespace-nowrap">
        <Time at={until} as="left" />
      </span>
    </span>
  )
}
