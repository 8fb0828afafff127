// A person who is away names a colleague who is notified instead. That changes who is notified, never who may decide.
import { z } from 'zod'
import type { Person } from './actor.ts'
import { isReservedGroup } from './on-call.ts'

const day = z.iso.datetime({ error: 'must be a date such as 2026-12-24' })

export const absenceSchema = z.strictObject({
  from: day,
  until: day,
  delegate: z.string().trim().min(1, 'must name a colleague').max(320, 'must be at most 320 characters'),
})
export type AbsenceInput = z.infer<typeof absenceSchema>

/** Days. An absence that someone forgot ends. */
export const longestAbsenceDays = 400

/** Are both in one group of the identity provider? Being on call, or named by a step, makes no one a colleague. */
export const hasGroupInCommon = (a: Pick<Person, 'groups'>, b: Pick<Person, 'groups'>): boolean =>
  a.groups.some((group) => !isReservedGroup(group) && b.groups.includes(group))
