import type { Change } from './policy-trial.ts'

/** The label of a change's `requiredBy`. Apart from policy-trial.ts, so that a page does not load its schemas. */
export const requiredByLabel: Record<Change['now'], string> = { more: 'required by', less: 'was required by' }
