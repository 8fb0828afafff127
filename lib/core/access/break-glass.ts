// Break-glass access begins without an approval. Security and the approvers who were skipped learn of it at once, and one of
// them reviews it afterwards.
import type { ApprovalStep } from './entitlement.ts'

export type BreakGlass = { usesPerWeek: number; reviewWithin: number; reasonMinLength: number; security: string[] }

type Unattended = {
  approvals: readonly ApprovalStep[]
  breakGlass?: BreakGlass | undefined
  automatic?: { when: string } | undefined
}

/**
 * The groups that a request may skip. They read it all the same and may end the access; of break-glass access they are
 * notified, and they review it.
 */
export const skippedGroups = ({ approvals, breakGlass, automatic }: Unattended): string[] =>
  breakGlass || automatic
    ? [...new Set([...approvals.flatMap(({ groups }) => groups), ...(breakGlass?.security ?? [])])]
    : []

/** Counted from when the access ends at the latest, so that a long access leaves as much time for its review. */
export const reviewDueAt = (now: Date, durationSeconds: number, { reviewWithin }: BreakGlass): Date =>
  new Date(now.getTime() + (durationSeconds + reviewWithin) * 1000)

/** What one person has used before. `isReviewOverdue`: a review of theirs is missing after its deadline. */
export type BreakGlassUse = { usesThisWeek: number; isReviewOverdue: boolean }

export const reviewOutcomes = ['justified', 'not-justified'] as const
export type ReviewOutcome = (typeof reviewOutcomes)[number]

export const outcomeLabels: Record<ReviewOutcome, string> = { justified: 'justified', 'not-justified': 'not justified' }
