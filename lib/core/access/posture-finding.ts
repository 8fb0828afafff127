// One thing that is dangerous about the standing access in a cluster, as the API returns it.
import { z } from 'zod'
import { time } from './resource-fields.ts'
import { severities } from './severity.ts'

const text = z.string()

/** What lib/core/rbac/posture/judge.ts finds. The chain leads from the subjects over the binding and the role to the rule. */
export const postureFinding = z.strictObject({
  check: text.meta({ description: 'The ID of a risk of the catalogue, or of a check of bindings.' }),
  severity: z.enum(severities),
  subjects: z
    .array(text)
    .meta({ description: 'Who has the access, such as ServiceAccount payments/api; the first ones.' }),
  moreSubjects: z.int(),
  binding: z.strictObject({
    kind: z.enum(['RoleBinding', 'ClusterRoleBinding']),
    namespace: text.meta({ description: 'Empty for a ClusterRoleBinding.' }),
    name: text,
  }),
  role: z.strictObject({ kind: text, name: text }),
  because: z.array(text).meta({ description: 'The permissions that are the problem, such as create pods/exec.' }),
  sentence: text.meta({ description: 'Why it matters.' }),
  fix: z.array(text).meta({ description: 'kubectl commands that look at it, narrow it or remove it.' }),
})
export type PostureFinding = z.infer<typeof postureFinding>

const storedFinding = postureFinding.extend({ id: text, since: time, resolvedAt: time.nullable() })

export const postureResource = z
  .strictObject({
    cluster: text,
    judgedAt: time.nullable().meta({ description: 'When the findings last changed; null if nothing was judged yet.' }),
    readAt: time.nullable().meta({ description: 'When the roles and bindings were last read.' }),
    unknown: text.nullable().meta({ description: 'Why the roles and bindings are not known.' }),
    open: z.array(storedFinding).meta({ description: 'Sorted by severity; at most 500.' }),
    openCount: z.strictObject({ high: z.int(), medium: z.int(), low: z.int() }),
    resolved: z.array(storedFinding).meta({ description: 'The 50 that were resolved last.' }),
  })
  .meta({ id: 'Posture' })
export type PostureResource = z.infer<typeof postureResource>
