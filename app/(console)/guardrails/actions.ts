'use server'
import { endpoints } from '#lib/api/endpoints'
import type { ActionResult } from '#lib/core/access/action-result'
import type { JudgeBody, Replay, ReplayBody, Trial } from '#lib/core/access/policy-trial'
import { judgePolicy } from '#lib/views/judge-policy'
import { replayPolicy } from '#lib/views/replay-policy'
import { answer } from '../answer.ts'

/** Tries a policy on one request or on a sample, without changing anything. */
export async function judge(body: JudgeBody): Promise<ActionResult<{ trial: Trial }>> {
  const result = await answer(endpoints.judgePolicy, { body }, ({ actor, body }) => judgePolicy(actor, body))
  return result.error ? result : { error: null, trial: result.value }
}

/** Tries a policy on the latest requests, without changing anything. */
export async function replay(body: ReplayBody): Promise<ActionResult<{ replay: Replay }>> {
  const result = await answer(endpoints.replayPolicy, { body }, ({ actor, body }) => replayPolicy(actor, body))
  return result.error ? result : { error: null, replay: result.value }
}
