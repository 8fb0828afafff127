import { z } from 'zod'
import { reviewOutcomes } from './break-glass.ts'
import { may } from './may.ts'
import { personResource } from './person-resource.ts'
import { prose } from './request.ts'
import { time } from './resource-fields.ts'
import { grantStatuses } from './status.ts'

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

/** Break-glass access without a review, and with one. */
export const reviewStates = ['open', 'reviewed'] as const
export type ReviewState = (typeof reviewStates)[number]

/** One use of break-glass access, for its reviewers. */
export const breakGlassUseResource = z
  .strictObject({
    requestId: z.string(),
    title: z.string(),
    entitlement: z.string(),
    holder: personResource,
    cluster: z.string(),
    namespaces: z.array(z.string()),
    reason: z.string(),
    at: time.meta({ description: 'When it was requested, and began without an approval.' }),
    grantStatus: z.enum(grantStatuses).nullable(),
    endedAt: time.nullable(),
    reviewDueAt: time,
    isOverdue: z.boolean(),
    review: reviewResource.nullable(),
    mayReview: may,
  })
  .meta({ id: 'BreakGlassUse' })
export type BreakGlassUseResource = z.infer<typeof breakGlassUseResource>
