// Why one person receives a notice: on their own account, in place of people who are out of office, or both.
import { exactTime } from '#lib/core/access/format-time'
import { line } from './line.ts'

export type Addressed = {
  /** Would they be notified without any absence? */
  isOwn: boolean
  /** The people who are out of office, and named them. `name` is untrusted text. */
  away: Array<{ name: string; until: Date }>
}

/**
 * In one line, after "You receive this because".
 * @param own the reason of those who receive it on their own account
 */
export function receivedBecause(own: string, { isOwn, away }: Addressed): string {
  const absences = away.map(
    ({ name, until }) => `${line(name, 80)} is out of office until ${exactTime(until.toISOString())} UTC`,
  )
  return [...(isOwn || away.length === 0 ? [own] : []), ...absences].join(', and because ')
}
