'use client'
import { useNow, useZones } from '#components/ui/clock'
import { Time } from '#components/ui/time'
import { secondsOf } from '#lib/core/access/duration'
import { heldInWords } from '#lib/core/access/held-time'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { wallTime } from '#lib/core/access/time-zone'
import { endedBy } from './words.ts'

type Props = { grant: RequestSummary['grant']; duration: string }

/** What really happened: `for 56 s of 15 min, 07:02:29–07:03:25 UTC+1, released`. With the day, unless it is today. */
export function HeldTime({ grant, duration }: Props) {
  const now = useNow()
  const { shown } = useZones()
  if (!grant?.endedAt) return null
  const held = heldInWords(grant, secondsOf(duration))
  const why = grant.endedBy ? endedBy[grant.endedBy] : 'ended'
  if (!held || !grant.activatedAt)
    return (
      <>
        never began, {why} <Time at={grant.endedAt} />
      </>
    )
  const day = (at: string) => wallTime(at, shown).date
  const [from, to, today] = [day(grant.activatedAt), day(grant.endedAt), day(new Date(now).toISOString())]
  return (
    <>
      {held}, <Time at={grant.activatedAt} as={from === today ? 'time' : 'exact'} />–
      <Time at={grant.endedAt} as={from === to ? 'time' : 'exact'} withZone />, {why}
    </>
  )
}
