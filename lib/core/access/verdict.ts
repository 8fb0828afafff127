import type { Verdict } from './resources.ts'

/** What a verdict holds besides violations and warnings where no guardrail of the configuration came in. */
export const nothingMore: Pick<Verdict, 'passesNextAt' | 'until' | 'requirements' | 'maxDuration' | 'matched'> = {
  passesNextAt: null,
  until: null,
  requirements: { approvals: [], approvers: 0, ticketRequired: false, ticketPatterns: [], reasonMinLength: 0 },
  maxDuration: null,
  matched: [],
}

/** A verdict as it was stored; the first ones were stored before there was more to say than violations. */
export const storedVerdict = (stored: unknown): Verdict => ({ ...nothingMore, ...(stored as Verdict) })
