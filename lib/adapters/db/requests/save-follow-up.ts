import { type NewAuditEvent, recordEvents } from '#lib/adapters/db/audit/audit'
import type { Tx } from '#lib/adapters/db/client'

/** Shows a locked request to the groups that it escalated to, and plans what comes next. Records why. */
export async function saveFollowUp(
  tx: Tx,
  requestId: string,
  { approverGroups, followUpAt }: { approverGroups: readonly string[]; followUpAt: Date | null },
  events: readonly NewAuditEvent[],
): Promise<void> {
  await tx.$executeRaw`
    UPDATE requests SET approver_groups = ${[...approverGroups]}::text[], follow_up_at = ${followUpAt}::timestamptz
    WHERE id = ${requestId} AND status = 'pending'`
  await recordEvents(tx, events)
}
