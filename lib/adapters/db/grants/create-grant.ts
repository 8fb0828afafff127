import type { Tx } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { Prisma } from '../generated/client.ts'

type Approved = { id: string; cluster: string; durationSeconds: number; startsAt: Date | null }

/**
 * The statement that creates the grant of a fully approved request, due now or at the requested start. A trigger
 * notifies the workers at commit.
 * @param when inserts only if this condition holds
 */
export function insertGrant(request: Approved, now: Date, when: Prisma.Sql = Prisma.sql`true`): Prisma.Sql {
  const { id: requestId, cluster, durationSeconds, startsAt } = request
  const dueAt = startsAt && startsAt > now ? startsAt : now
  return Prisma.sql`
    INSERT INTO grants (id, request_id, cluster, duration_seconds, created_at, next_attempt_at)
    SELECT ${newId('grant', now)}, ${requestId}, ${cluster}, ${durationSeconds}::int, ${now.toISOString()}::timestamptz,
      ${dueAt.toISOString()}::timestamptz
    WHERE ${when}`
}

/** Creates the grant of a request that needs no approval. */
export async function createGrant(tx: Tx, request: Approved, now: Date): Promise<void> {
  await tx.$executeRaw(insertGrant(request, now))
}
