import { z } from 'zod'
import { findingResource } from './finding-resource.ts'
import { time } from './resource-fields.ts'

export const clusterResource = z
  .strictObject({
    name: z.string(),
    labels: z.record(z.string(), z.string()),
    publicServer: z.string(),
    checkedAt: time.nullable(),
    reachable: z.boolean(),
    version: z.string().nullable(),
    error: z.string().nullable(),
    namespaces: z.array(z.strictObject({ name: z.string(), grantable: z.boolean() })),
    people: z
      .strictObject({ username: z.enum(['email', 'subject']), usernamePrefix: z.string(), groupsPrefix: z.string() })
      .nullable()
      .meta({ description: 'How the cluster knows people, as configured; null where nobody said.' }),
    rightsReadAt: time.nullable().meta({ description: 'When it was last read who may do what there.' }),
    rightsError: z.string().nullable().meta({ description: 'Why that could not be read the last time.' }),
    permissions: z.array(
      z.strictObject({ what: z.string(), namespace: z.string(), allowed: z.boolean(), neededFor: z.string() }),
    ),
    findings: z.array(findingResource).meta({
      description: 'What was found there and belongs to no grant on record, newest first; for auditors and admins.',
    }),
  })
  .meta({ id: 'Cluster' })
export type ClusterResource = z.infer<typeof clusterResource>
