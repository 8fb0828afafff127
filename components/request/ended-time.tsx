'use client'
import { useNow, useZones } from '#components/ui/clock'
import { Time } from '#components/ui/time'
import { secondsOf } from '#lib/core/access/duration'
import { heldInWords } from '#lib/core/access/held-time'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { wallTime } from '#lib/core/access/time-zone'
import { endedBy } from './words.ts'

type Grant = NonNullable<RequestSummary['grant']>
export type EndedTimeProps = Pick<Grant, 'activatedAt' | 'endedBy'> & { endedAt: string; duration: string }

/** What really happened: `for 56 s of 15 min, 07:02:29–07:03:25 UTC+1, released`. With the day, unless it is today. */
export function EndedTime({ activatedAt, endedAt, endedBy: end, duration }: EndedTimeProps) {
  const now = useNow()
  const { shown } = useZones()
  const held = heldInWords({ activatedAt, endedAt }, secondsOf(duration))
  const why = end ? endedBy[end] : 'ended'
  if (!held || !activatedAt)
    return (
      <>
        never began, {why} <Time at={endedAt} />
      </>
    )
  const day = (at: string) => wallTime(at, shown).date
  const [from, to, today] = [day(activatedAt), day(endedAt), day(new Date(now).toISOString())]
  return (
    <>
      {held}, <Time at={activatedAt} as={from === today ? 'time' : 'exact'} />–
      <Time at={endedAt} as={from === to ? 'time' : 'exact'} withZone />, {why}
    </>
  )
}
