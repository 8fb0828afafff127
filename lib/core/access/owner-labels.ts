// A label of a namespace can name its owners. Its value is text of the cluster: it only selects among the approvers that the
// configuration lists, and counts only if the requester can't set it (lib/core/rbac/may-label.ts).
import { z } from 'zod'
import { approversShape, entitlementSchema, groupsOfApprovers, isAnyApprover } from './entitlement.ts'

const clusterName = entitlementSchema.shape.name
const names = z.array(z.string().min(1).max(256)).max(100).default([])

const labelKey = z
  .string()
  .max(317)
  .regex(/^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be a label key such as team')
const labelValue = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be a label value: letters, digits, dots, dashes and underscores')

const approvers = z
  .strictObject(approversShape)
  .refine(isAnyApprover, 'name at least one group, person or rota')
  .transform(groupsOfApprovers)

const subjects = z
  .strictObject({
    users: names,
    groups: names,
    serviceAccounts: z
      .array(
        z
          .string()
          .max(320)
          .regex(/^[a-z0-9-]+\/[a-z0-9.-]+$/, 'must be a namespace and a name, such as argocd/argocd-server'),
      )
      .max(100)
      .default([]),
  })
  .refine(
    ({ users, groups, serviceAccounts }) => users.length + groups.length + serviceAccounts.length > 0,
    'name at least one user, group or ServiceAccount',
  )

export const ownerLabelSchema = z.strictObject({
  label: labelKey,
  clusters: z.array(clusterName).min(1).optional().meta({ description: 'Only there; in every cluster if absent.' }),
  setBy: subjects.meta({
    description: 'Who may set the label, as the cluster names them. Anyone else who can is a finding of Posture.',
  }),
  values: z
    .record(labelValue, approvers)
    .meta({ description: 'The owners for each value of the label. Any other value names no one.' }),
})
export type OwnerLabel = z.output<typeof ownerLabelSchema>

/** The labels of a namespace; `why` says why they name no owner. */
export type NamespaceLabels = { labels: Readonly<Record<string, string>> } | { why: string }

export const ownerLabelsIn = (all: readonly OwnerLabel[] = [], cluster: string): OwnerLabel[] =>
  all.filter(({ clusters }) => clusters?.includes(cluster) ?? true)

/** The owners that these labels select, and the labels that did. */
export function labelledOwners(
  configured: readonly OwnerLabel[],
  labels: Readonly<Record<string, string>>,
): { groups: string[]; used: Record<string, string> } {
  const found = configured.flatMap(({ label, values }) => {
    const value = Object.hasOwn(labels, label) ? labels[label] : undefined
    const groups = value !== undefined && Object.hasOwn(values, value) ? values[value] : undefined
    return value !== undefined && groups ? [{ groups, entry: [label, value] as const }] : []
  })
  return { groups: found.flatMap(({ groups }) => groups), used: Object.fromEntries(found.map(({ entry }) => entry)) }
}
