import type { RequestSummary } from '#lib/core/access/request-resource'
import { EndedTime } from './ended-time.tsx'

type Props = { grant: RequestSummary['grant']; duration: string }

/** How long access really lasted, once it has ended. The browser gets only the times of the grant. */
export function HeldTime({ grant, duration }: Props) {
  if (!grant?.endedAt) return null
  const { activatedAt, endedAt, endedBy } = grant
  return <EndedTime activatedAt={activatedAt} endedAt={endedAt} endedBy={endedBy} duration={duration} />
}
