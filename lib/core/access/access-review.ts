// The access of a period, as an auditor reviews it, and the digest that a sign-off binds.
import { z } from 'zod'
import { contentHash } from './content-hash.ts'
import { prose } from './request.ts'
import { duration, time } from './resource-fields.ts'

const someone = z.strictObject({ id: z.string(), name: z.string() })

const heldAccess = z
  .strictObject({
    entitlement: z.string(),
    person: z.strictObject({ ...someone.shape, email: z.string().nullable() }),
    granted: z.int().meta({ description: 'How many grants began in the period.' }),
    used: z.int().nullable().meta({ description: 'How many of them were used; null where that is not known.' }),
    held: duration.meta({ description: 'How long all of them lasted, until the end of the period at most.' }),
    lastAt: time.meta({ description: 'When the last one began.' }),
  })
  .meta({ id: 'ReviewedAccess' })

const pair = z
  .strictObject({
    approver: someone,
    requester: someone,
    approved: z.int().meta({ description: 'How many requests of this requester they approved. They denied none.' }),
    ofDecisions: z.int().meta({ description: 'How many decisions they made in all.' }),
  })
  .meta({ id: 'ApprovalPair' })

const fastDecision = z
  .strictObject({
    ...{ requestId: z.string(), entitlement: z.string(), approver: someone, requester: someone },
    ...{ decision: z.enum(['approve', 'deny']), seconds: z.number(), at: time },
  })
  .meta({ id: 'FastDecision' })

const breakGlassUse = z
  .strictObject({
    ...{ requestId: z.string(), entitlement: z.string(), person: someone, at: time },
    outcome: z.string().nullable().meta({ description: 'The outcome of its review; null without one.' }),
    reviewer: z.string().nullable(),
  })
  .meta({ id: 'ReviewedBreakGlass' })

const signOff = z
  .strictObject({
    ...{ by: z.string(), at: time, note: z.string(), digest: z.string() },
    isCurrent: z.boolean().meta({ description: 'Whether the review still has the content that was signed off.' }),
  })
  .meta({ id: 'ReviewSignOff' })

const content = {
  from: time,
  to: time,
  access: z.array(heldAccess),
  unused: z
    .array(z.string())
    .meta({ description: 'Entitlements of the current configuration of which no access began.' }),
  pairs: z.array(pair).meta({ description: `Who approved every request of one person that they decided, at least 5.` }),
  fast: z.array(fastDecision).meta({ description: 'Decisions within 5 seconds of the submission.' }),
  breakGlass: z.array(breakGlassUse),
  isComplete: z
    .boolean()
    .meta({ description: 'False if a list is longer than 1,000 entries: choose a shorter period.' }),
}

/** Why someone may not sign off this review. */
export const ownReview =
  'It lists access that you held or decisions that you made, so another auditor or admin must sign it off.'

export const accessReviewResource = z
  .strictObject({
    ...content,
    digest: z.string().meta({
      description: 'The content hash of this review, without `isOver`, `isOwn`, `callsRemovedBefore` and `signOffs`.',
    }),
    isOver: z.boolean().meta({ description: 'Whether the period is over, so that it can be signed off.' }),
    isOwn: z.boolean().meta({ description: ownReview }),
    callsRemovedBefore: time.nullable().meta({
      description:
        'Calls before this time were removed because of their age, so whether access that began before it was used is not known.',
    }),
    signOffs: z.array(signOff),
  })
  .meta({ id: 'AccessReview' })
export type AccessReview = z.infer<typeof accessReviewResource>
export type ReviewContent = Pick<AccessReview, keyof typeof content>

/** At least so many approvals of one person count as a pattern. */
export const fewestOfPair = 5
/** A decision within this time was hardly read. */
export const fastSeconds = 5
export const mostReviewed = 1_000
/** A year, and a few days more. */
export const longestReviewDays = 400

export const digestOfReview = (review: ReviewContent): string => contentHash(review)

/** Entitlements of which no access began, by name. */
export const unusedOf = (configured: readonly string[], access: ReviewContent['access']): string[] => {
  const held = new Set(access.map(({ entitlement }) => entitlement))
  return configured.filter((name) => !held.has(name)).toSorted()
}

const moment = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-11-23T09:00:00Z' })
  .transform((text) => new Date(text).toISOString())

/** The body of POST /api/v1/access/review. */
export const signOffSchema = z
  .strictObject({
    ...{ from: moment, to: moment },
    digest: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be the digest of the review as you saw it, sha256:…'),
    note: prose(2000, 'say what you reviewed'),
  })
  .meta({ id: 'SignOff' })
export type SignOff = z.infer<typeof signOffSchema>
