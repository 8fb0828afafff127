import { supersededSeconds } from '#lib/core/grants/token-lifetime'
import { Prisma } from '../generated/client.ts'

/** When a row of `grants` is due to have ended, apart from the seconds that an end takes. */
export const dueToEnd = Prisma.sql`least(expires_at, ending_at + make_interval(secs =>
  CASE WHEN ended_by = 'superseded' THEN ${supersededSeconds}::int ELSE 0 END))`
