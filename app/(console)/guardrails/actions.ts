'use server'
import type { ActionResult } from '#lib/core/access/action-result'
import {
  type JudgeBody,
  judgeInput,
  type Replay,
  type ReplayBody,
  replayInput,
  type Trial,
} from '#lib/core/access/policy-trial'
import { judgePolicy } from '#lib/views/judge-policy'
import { replayPolicy } from '#lib/views/replay-policy'
import { answer } from '../answer.ts'
import { parsed } from '../parsed.ts'

/** Tries a policy on one ask or on a sample; changes nothing. */
export async function judge(body: JudgeBody): Promise<ActionResult<{ trial: Trial }>> {
  return answer(async (actor) => ({ trial: await judgePolicy(actor, parsed(judgeInput, body)) }))
}

/** Tries a policy on the last asks; changes nothing. */
export async function replay(body: ReplayBody): Promise<ActionResult<{ replay: Replay }>> {
  return answer(async (actor) => ({ replay: await replayPolicy(actor, parsed(replayInput, body)) }))
}
