import { expect } from 'vitest'
import { db } from '#lib/adapters/db/client'
import type { PersonActor } from '#lib/core/access/actor'
import type { DecisionInput } from '#lib/core/access/request'
import { decideRequest } from '#lib/operations/decide-request'
import { eventsWhere } from './events.ts'
import { rejectionOf } from './rejection.ts'

type Decidable = { id: string; digest: string }

/** Decides a request as this person: an approval of its current terms unless `input` says otherwise. */
export const decide = (actor: PersonActor, { id, digest }: Decidable, input: Partial<DecisionInput> = {}) =>
  decideRequest(actor, id, { decision: 'approve', digest, ...input })

export const requestRow = ({ id }: { id: string }) =>
  db().request.findUniqueOrThrow({ where: { id }, include: { decisions: true, grant: true } })

/**
 * The decision is refused, the attempt is recorded, and nothing else changes.
 * @param code of the error
 * @param recorded code in the audit event
 */
export async function expectDecisionRefused(
  actor: PersonActor,
  request: Decidable,
  code: string,
  recorded: string,
  input: Partial<DecisionInput> = {},
) {
  const before = await requestRow(request)
  expect(await rejectionOf(decide(actor, request, input))).toMatchObject({ code })
  expect(await requestRow(request)).toEqual(before)
  const refusals = await eventsWhere({ requestId: request.id, type: 'decision.refused' })
  expect(refusals.at(-1)?.data).toMatchObject({ code: recorded })
}
