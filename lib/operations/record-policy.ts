import { recordEvent } from '#lib/adapters/db/audit/audit'
import { lockLastPolicyEvent } from '#lib/adapters/db/audit/policy-events'
import { transaction } from '#lib/adapters/db/client'
import { type LoadedPolicy, problemInWords } from '#lib/adapters/policy/current'
import type { SystemActor } from '#lib/core/access/actor'
import { log } from '#lib/observability/log'
import { newReference } from '#lib/observability/reference'

/**
 * Records that the configuration at `path` is in force, or that a change of it was refused: once, however many replicas
 * load it. While the database is unavailable Postern starts without this record; every judgement names its version anyway.
 */
export async function recordPolicy({ hash, refused }: LoadedPolicy, path: string): Promise<void> {
  const reference = newReference()
  const origin = { via: 'system', clientAddress: null, reference } as const
  const actor: SystemActor = { kind: 'system', component: 'policy', origin }
  const about = { policyHash: hash }
  const problem = refused?.problems[0]
  if (refused) log.error({ reference, problems: refused.problems.map(problemInWords) }, 'configuration refused')
  else log.info({ reference, hash }, 'configuration loaded')
  try {
    await transaction(async (tx) => {
      const last = await lockLastPolicyEvent(tx)
      if (problem) {
        const sentence = problemInWords(problem).slice(0, 4000)
        if (last?.type === 'policy.refused' && last.sentence === sentence) return
        const { file, line, column } = problem
        await recordEvent(tx, { type: 'policy.refused', actor, data: { file, line, column, sentence }, about })
      } else if (last?.type !== 'policy.loaded' || last.policyHash !== hash) {
        await recordEvent(tx, { type: 'policy.loaded', actor, data: { file: path }, about })
      }
    })
  } catch (error) {
    log.warn({ err: error, reference }, 'cannot record the change of configuration')
  }
}
