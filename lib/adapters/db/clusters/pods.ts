import { type PodFacts, podFacts } from '#lib/core/access/pod-facts'
import { type CompiledGuardrail, uses } from '#lib/core/guardrails/configured/compile'
import { Prisma } from '../generated/client.ts'

// What a worker last read of the pods in a namespace. Read in the statement that gathers the other facts of a judgement,
// and only if a guardrail of the policy needs them.

/** Seconds. Older readings count as unknown. Before access is created, the worker reads the pods again. */
const longestAge = 600

export type PodsColumn = { pods: Record<string, unknown> | null }

/** The column `pods`, of the row `c` of cluster_states. */
export function podsInSql(compiled: readonly CompiledGuardrail[], namespaces: readonly string[]): Prisma.Sql {
  if (!uses(compiled, 'pods')) return Prisma.sql`NULL::jsonb AS pods`
  return Prisma.sql`(SELECT jsonb_object_agg(one.key, one.value) FROM jsonb_each(c.pods -> 'namespaces') AS one
    WHERE one.key = ANY(${[...namespaces]}) AND c.reachable
      AND (c.pods ->> 'at')::timestamptz BETWEEN now() - make_interval(secs => ${longestAge}) AND now()) AS pods`
}

/** A namespace whose reading is damaged is unknown. */
export const toPods = ({ pods }: PodsColumn): Record<string, PodFacts[]> | null =>
  pods &&
  Object.fromEntries(
    Object.entries(pods).flatMap(([namespace, found]) => {
      const parsed = podFacts.array().safeParse(found)
      return parsed.success ? [[namespace, parsed.data]] : []
    }),
  )
