import { db } from '#lib/adapters/db/client'
import type { AuditEvent, Prisma } from '#lib/adapters/db/generated/client'

/** The recorded events, oldest first. */
export const eventsWhere = (where: Prisma.AuditEventWhereInput): Promise<AuditEvent[]> =>
  db().auditEvent.findMany({ where, orderBy: { seq: 'asc' } })

export const eventTypesWhere = async (where: Prisma.AuditEventWhereInput): Promise<string[]> =>
  (await eventsWhere(where)).map(({ type }) => type)

/** What the newest such event says. */
export const lastEventData = async (where: Prisma.AuditEventWhereInput): Promise<unknown> =>
  (await eventsWhere(where)).at(-1)?.data

/** The records that were rejected, each with the reason: `decision mismatch`. */
export const rejectedRecords = async (where: Prisma.AuditEventWhereInput): Promise<string[]> =>
  (await eventsWhere({ ...where, type: 'record.rejected' })).map(({ data }) => {
    const { record, code } = data as { record: string; code: string }
    return `${record} ${code}`
  })
