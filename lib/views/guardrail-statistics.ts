import { countGuardrails } from '#lib/adapters/db/audit/count-guardrails'
import type { PersonActor } from '#lib/core/access/actor'
import type { GuardrailCount } from '#lib/core/guardrails/guardrail-count'
import { readerOf } from './reader.ts'

export const statisticsDays = 30

/** What each guardrail did in the last 30 days. By name: a name is never reused, so it spans versions of the policy. */
export const guardrailStatistics = (actor: PersonActor, now = new Date()): Promise<GuardrailCount[]> =>
  countGuardrails(readerOf(actor), now, statisticsDays)
