// A person who is away names a colleague who is notified instead. That changes who is notified, never who may decide.
import { z } from 'zod'
import type { Person } from './actor.ts'
import { isReservedGroup } from './on-call.ts'
import { time } from './resource-fields.ts'

const moment = z.iso.datetime({ error: 'must be a date, or a time such as 2026-12-24T09:00:00Z' })

export const absenceSchema = z
  .strictObject({
    from: moment,
    until: moment,
    delegate: z
      .string()
      .trim()
      .regex(/\S/, 'must name a colleague')
      .max(320, 'must be at most 320 characters')
      .meta({ description: 'The e-mail address of a colleague who is in a group of yours at the identity provider.' }),
  })
  .meta({ id: 'AbsenceInput' })
export type AbsenceInput = z.infer<typeof absenceSchema>

export const absenceResource = z
  .strictObject({
    absence: z
      .strictObject({
        from: time,
        until: time,
        delegate: z.string().meta({ description: 'The name of the colleague.' }),
      })
      .nullable()
      .meta({ description: 'The absence that lasts or begins later; null without one.' }),
  })
  .meta({ id: 'OwnAbsence' })
export type OwnAbsence = z.infer<typeof absenceResource>

/** Days. An absence that someone forgot ends. */
export const longestAbsenceDays = 400

/** Are both in one group of the identity provider? Being on call, or named by a step, makes no one a colleague. */
export const hasGroupInCommon = (a: Pick<Person, 'groups'>, b: Pick<Person, 'groups'>): boolean =>
  a.groups.some((group) => !isReservedGroup(group) && b.groups.includes(group))
