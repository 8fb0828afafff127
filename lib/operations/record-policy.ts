import type { SystemActor } from '#lib/access/actor'
import { recordEvent } from '#lib/db/audit'
import { transaction } from '#lib/db/client'
import { log } from '#lib/log'
import { type CurrentPolicy, problemInWords } from '#lib/policy/current'

const actor = (reference: string): SystemActor => ({
  kind: 'system',
  component: 'policy',
  origin: { via: 'system', clientAddress: null, reference },
})

/** The reference of these events: the same for all replicas that see the same version. */
const referenceOf = (text: string) => text.replace(/^sha256:/, '').slice(0, 10)

/**
 * Records that a configuration is in force, or that a newer one was refused; once, however many replicas see it. A
 * database that is away keeps nobody from starting: the policy still judges, and what it judges names its version.
 */
export async function recordPolicy({ hash, refused }: CurrentPolicy, path: string): Promise<void> {
  const problem = refused?.problems[0]
  if (refused) log.error({ problems: refused.problems.map(problemInWords) }, 'the changed configuration is refused')
  else log.info({ hash }, 'a configuration is in force')
  try {
    await transaction(async (tx) => {
      // Replicas see the same change within the same second: one of them records it.
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('postern policy'))`
      const [last] = await tx.auditEvent.findMany({
        where: { type: { in: ['policy.loaded', 'policy.refused'] } },
        orderBy: { seq: 'desc' },
        take: 1,
      })
      if (!problem) {
        if (last?.type === 'policy.loaded' && last.policyHash === hash) return
        const data = { file: path }
        await recordEvent(tx, {
          type: 'policy.loaded',
          actor: actor(referenceOf(hash)),
          data,
          about: { policyHash: hash },
        })
        return
      }
      const { file, line, column } = problem
      const data = { file, line, column, sentence: problemInWords(problem) }
      if (last?.type === 'policy.refused' && (last.data as { sentence?: string }).sentence === data.sentence) return
      const about = { policyHash: hash }
      await recordEvent(tx, { type: 'policy.refused', actor: actor(referenceOf(hash)), data, about })
    })
  } catch (error) {
    log.warn({ err: error }, 'the change of policy could not be recorded')
  }
}
