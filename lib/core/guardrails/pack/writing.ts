// Settings and helpers that the members of the pack and their cases share.
import { z } from 'zod'
import { labelSelector } from '#lib/core/access/entitlement'

/** The setting that says which clusters are production. */
export const prod = labelSelector
  .default({ environment: 'prod' })
  .meta({ description: 'Labels of production clusters.' })

/** A list of strings as a CEL literal: JSON is valid CEL. */
export const cel = (texts: readonly string[]) => `[${texts.map((text) => JSON.stringify(text)).join(', ')}]`

/** For cases: a production cluster, and a rule, by default of the core group. */
export const prodCluster = { cluster: 'prod-eu', clusterLabels: { environment: 'prod' } }
export const rule = (verbs: string[], resources: string[], apiGroups = [''], resourceNames?: string[]) => ({
  apiGroups,
  resources,
  verbs,
  ...(resourceNames ? { resourceNames } : {}),
})

export const globs = z.array(z.string().regex(/^[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?$/)).max(50)

/** The setting for the format of tickets, and the `require` block for it. */
export const ticketPattern = z
  .string()
  .min(1)
  .max(200)
  .optional()
  .meta({ description: 'The pattern that a ticket must match, in RE2 syntax.' })
export const ticketOf = (pattern: string | undefined) => (pattern === undefined ? (true as const) : { pattern })
