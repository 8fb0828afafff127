// The clock of reminders and escalations. It runs from the submission, and stops while the requester owes an answer: from an
// approver's comment that needs more information until the requester's next comment. It follows from signed comments alone,
// so that no stored row can let an escalation happen earlier.

type Pause = { from: Date; until: Date | null }

export type ApprovalClock = {
  submittedAt: Date
  /** In order; only the last one can be open. */
  pauses: readonly Pause[]
}

type Comment = { personId: string; needsInformation: boolean; at: Date }

/** The clock of a request. @param comments those that Postern signed, oldest first */
export function clockOf(submittedAt: Date, requesterId: string, comments: readonly Comment[]): ApprovalClock {
  const pauses: Pause[] = []
  for (const { personId, needsInformation, at } of comments) {
    const last = pauses.at(-1)
    const isStopped = last !== undefined && last.until === null
    if (personId === requesterId) {
      if (isStopped) last.until = at
    } else if (needsInformation && !isStopped) pauses.push({ from: at, until: null })
  }
  return { submittedAt, pauses }
}

/** The clock of a request without comments. */
export const runningClock = (submittedAt: Date): ApprovalClock => ({ submittedAt, pauses: [] })

/** Since when the clock is stopped; null while it runs. */
export function stoppedSince({ pauses }: ApprovalClock): Date | null {
  const last = pauses.at(-1)
  return last && last.until === null ? last.from : null
}

/** What the clock shows at a moment, in seconds. */
export function secondsOn({ submittedAt, pauses }: ApprovalClock, at: Date): number {
  const now = at.getTime()
  const stopped = pauses.reduce((sum, { from, until }) => {
    return sum + Math.max(0, Math.min(now, until?.getTime() ?? now) - from.getTime())
  }, 0)
  return (now - submittedAt.getTime() - stopped) / 1000
}

/** The moment at which the clock reaches this many seconds; null if it is stopped before. */
export function timeOn({ submittedAt, pauses }: ApprovalClock, seconds: number): Date | null {
  let time = submittedAt.getTime() + seconds * 1000
  for (const { from, until } of pauses) {
    if (time <= from.getTime()) break
    if (until === null) return null
    time += until.getTime() - from.getTime()
  }
  return new Date(time)
}
