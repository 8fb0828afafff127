import type { Verdict } from './verdict-resource.ts'

/** The rest of a verdict if no guardrail matched. */
export const nothingMore: Pick<
  Verdict,
  'passesNextAt' | 'until' | 'requirements' | 'maxDuration' | 'automatic' | 'matched'
> = {
  passesNextAt: null,
  until: null,
  requirements: { approvals: [], approvers: 0, ticketRequired: false, ticketPatterns: [], reasonMinLength: 0 },
  maxDuration: null,
  automatic: null,
  matched: [],
}

/** A verdict as stored; missing fields get their empty values. */
export const storedVerdict = (stored: unknown): Verdict => ({ ...nothingMore, ...(stored as Verdict) })
