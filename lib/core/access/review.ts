import { z } from 'zod'
import { reviewOutcomes } from './break-glass.ts'
import { personResource } from './person-resource.ts'
import { prose } from './request.ts'
import { time } from './resource-fields.ts'

/** The body of POST /api/v1/requests/{id}/review. */
export const reviewSchema = z
  .strictObject({
    outcome: z.enum(reviewOutcomes),
    note: prose(2000, 'say what you looked at'),
  })
  .meta({ id: 'ReviewInput' })
export type ReviewInput = z.infer<typeof reviewSchema>

/** The review of break-glass access. */
export const reviewResource = z
  .strictObject({ outcome: z.enum(reviewOutcomes), note: z.string(), person: personResource, at: time })
  .meta({ id: 'Review' })
