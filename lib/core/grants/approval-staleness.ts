// How long may an approval wait for its grant to begin?

/**
 * A day. When access has not begun by then, the cluster was unreachable for that long or the row was held back in the
 * database, and the approver no longer expects it.
 */
const staleAfterMs = 86_400_000

type Approved = {
  now: Date
  request: { createdAt: Date; startsAt: Date | null }
  decisions: readonly { at: string }[]
}

/** An approval goes stale a day after the last decision, or after the requested start where that is later. */
export function isApprovalStale({ now, request, decisions }: Approved): boolean {
  const decided = decisions.map(({ at }) => new Date(at))
  const last = Math.max(...[request.createdAt, request.startsAt, ...decided].map((at) => at?.getTime() ?? 0))
  return now.getTime() - last > staleAfterMs
}
