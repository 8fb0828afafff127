import type { Change } from './policy-trial.ts'

/** How a reader is told of `requiredBy`. By itself, so that a page does not load the schemas beside it. */
export const requiredByLabel: Record<Change['now'], string> = { more: 'wanted by', less: 'was wanted by' }
