import { z } from 'zod'
import { durationSchema } from './duration-schema.ts'
import { matchesGlob } from './glob.ts'
import { isSystemNamespace } from './namespaces.ts'
import { rulesSchema } from './rule.ts'

const name = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    'must be a name of lower-case letters, digits and dashes, at most 63 long',
  )

/** A namespace by name, or a glob in which `*` stands for any run of name characters; `kube-*` is meant only where said. */
export const namespaceGlob = z
  .string()
  .regex(/^[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?$/, 'must be a namespace name or a glob such as checkout-*')

export const labelSelector = z.record(z.string().min(1).max(317), z.string().max(63))

const people = z
  .strictObject({
    groups: z.array(z.string().min(1).max(256)).optional(),
    people: z.array(z.string().min(1).max(256)).optional().meta({ description: 'Subjects at the identity provider.' }),
  })
  .refine((who) => (who.groups?.length ?? 0) + (who.people?.length ?? 0) > 0, 'name at least one group or person')

export const approvalStepSchema = z.strictObject({
  groups: z.array(z.string().min(1).max(256)).min(1),
  count: z.int().min(1).max(10).default(1),
})
export type ApprovalStep = z.infer<typeof approvalStepSchema>

const seconds = (description: string) => durationSchema.meta({ description, type: 'string', format: 'duration' })

/** Something that may be asked for. Exactly one of `rules`, `ceiling`, `clusterRole` says what it gives. */
export const entitlementSchema = z
  .strictObject({
    name,
    title: z.string().min(1).max(120),
    description: z.string().max(500).optional(),
    who: people,
    clusters: z.array(name).min(1),
    namespaces: z.array(namespaceGlob).optional(),
    namespaceSelector: labelSelector.optional().meta({ description: 'Labels that a namespace must all carry.' }),
    rules: rulesSchema.optional().meta({ description: 'Fixed: what is asked for is exactly this.' }),
    ceiling: rulesSchema.optional().meta({ description: 'People choose any rules that these cover.' }),
    clusterRole: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .meta({ description: 'A vetted ClusterRole, bound per namespace.' }),
    duration: z.strictObject({ default: seconds('Asked for unless said otherwise.'), max: seconds('The longest.') }),
    startWithin: seconds('How far ahead a wished start may lie.').prefault('P7D'),
    reason: z.strictObject({ minLength: z.int().min(1).max(500).default(1) }).default({ minLength: 1 }),
    ticket: z
      .strictObject({ required: z.boolean().default(false), pattern: z.string().max(200).optional() })
      .default({ required: false }),
    approvals: z
      .array(approvalStepSchema)
      .max(8)
      .meta({ description: 'All are needed, in any order; [] approves by itself.' }),
  })
  .refine((e) => [e.rules, e.ceiling, e.clusterRole].filter((x) => x !== undefined).length === 1, {
    message: 'say exactly one of rules, ceiling or clusterRole',
  })
  .refine((e) => e.namespaces !== undefined || e.namespaceSelector !== undefined, {
    message: 'say namespaces, namespaceSelector or both',
  })
  .refine((e) => e.duration.default <= e.duration.max, {
    path: ['duration', 'default'],
    message: 'must not be longer than max',
  })
export type Entitlement = z.infer<typeof entitlementSchema>

export type Who = Entitlement['who']

/** Is this person among those named, by group or by subject? */
export const isAmong = (who: Who, person: { subject: string; groups: readonly string[] }): boolean =>
  (who.people ?? []).includes(person.subject) || (who.groups ?? []).some((group) => person.groups.includes(group))

/**
 * May this namespace be asked for? Where names and labels are both given, both must hold. `labels` undefined means
 * that the cluster's namespaces are not known: then only names can be judged and a label selector is not satisfied.
 */
export function isNamespaceCovered(
  entitlement: Pick<Entitlement, 'namespaces' | 'namespaceSelector'>,
  namespace: string,
  labels: Record<string, string> | undefined,
): boolean {
  const byName = entitlement.namespaces?.some((glob) => reaches(glob, namespace)) ?? true
  const byLabel =
    entitlement.namespaceSelector === undefined ||
    (labels !== undefined &&
      Object.entries(entitlement.namespaceSelector).every(([key, value]) => labels[key] === value))
  return byName && byLabel
}

/**
 * Anyone who can write in a namespace of Kubernetes itself controls the cluster, so a wide glob does not cover those
 * namespaces: only one that begins with the prefix `kube-` itself does.
 */
const reaches = (glob: string, namespace: string): boolean =>
  (!isSystemNamespace(namespace) || isSystemNamespace(glob)) && matchesGlob(glob, namespace)
