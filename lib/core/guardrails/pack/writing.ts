// Words that the members of the pack and their cases share.
import { z } from 'zod'
import { labelSelector } from '#lib/core/access/entitlement'

/** Which clusters are production. */
export const prod = labelSelector
  .default({ environment: 'prod' })
  .meta({ description: 'Labels of production clusters.' })

/** A list of texts as CEL writes it: JSON is CEL. */
export const cel = (texts: readonly string[]) => `[${texts.map((text) => JSON.stringify(text)).join(', ')}]`

/** For cases: a production cluster, and a rule of the core group unless said otherwise. */
export const prodCluster = { cluster: 'prod-eu', clusterLabels: { environment: 'prod' } }
export const rule = (verbs: string[], resources: string[], apiGroups = [''], resourceNames?: string[]) => ({
  apiGroups,
  resources,
  verbs,
  ...(resourceNames ? { resourceNames } : {}),
})

export const globs = z.array(z.string().regex(/^[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?$/)).max(50)

/** What a ticket looks like, and what `require` says then. */
export const ticketPattern = z
  .string()
  .min(1)
  .max(200)
  .optional()
  .meta({ description: 'What a ticket looks like, in RE2 syntax.' })
export const ticketOf = (pattern: string | undefined) => (pattern === undefined ? (true as const) : { pattern })
