import { Time } from '#components/ui/time'
import { secondsOf } from '#lib/core/access/duration'
import { heldInWords } from '#lib/core/access/held-time'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { endedBy } from './words.ts'

/** What really happened: `for 56 s of 15 min, 07:02:29–07:03:25 UTC, released`. With the day, unless it is today. */
export function HeldTime({ request: { grant, duration } }: { request: Pick<RequestSummary, 'grant' | 'duration'> }) {
  if (!grant?.endedAt) return null
  const held = heldInWords(grant, secondsOf(duration))
  const why = grant.endedBy ? endedBy[grant.endedBy] : 'ended'
  if (!held || !grant.activatedAt)
    return (
      <>
        never began, {why} <Time at={grant.endedAt} />
      </>
    )
  const [from, to, today] = [grant.activatedAt, grant.endedAt, new Date().toISOString()].map((at) => at.slice(0, 10))
  return (
    <>
      {held}, <Time at={grant.activatedAt} as={from === today ? 'time' : 'exact'} />–
      <Time at={grant.endedAt} as={from === to ? 'time' : 'exact'} /> UTC, {why}
    </>
  )
}
