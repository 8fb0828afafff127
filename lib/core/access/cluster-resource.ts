import { z } from 'zod'
import { admissionState } from './admission-state.ts'
import { findingResource } from './finding-resource.ts'
import { time } from './resource-fields.ts'
import { tokenWebhookState } from './token-webhook.ts'

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
      .meta({ description: 'How the cluster names people, as configured; null if that is not configured.' }),
    token: z
      .strictObject({
        expiresAt: time,
        renewedAt: time.nullable().meta({ description: 'When Postern last renewed it; null for the configured one.' }),
        error: z.string().nullable().meta({ description: 'Why Postern could not renew it.' }),
      })
      .nullable()
      .meta({
        description:
          'The token that Postern calls the cluster with; null if it never expires, is renewed elsewhere or was not read yet. ' +
          'Only auditors and admins see it.',
      }),
    rightsReadAt: time.nullable().meta({ description: 'When the roles and bindings of the cluster were last read.' }),
    rightsError: z.string().nullable().meta({ description: 'Why the last attempt to read them failed.' }),
    permissions: z.array(
      z.strictObject({ what: z.string(), namespace: z.string(), allowed: z.boolean(), neededFor: z.string() }),
    ),
    admission: admissionState.nullable().meta({
      description:
        'Whether the cluster enforces the guardrails; null before that was read. Only auditors and admins see it.',
    }),
    tokenWebhook: tokenWebhookState.nullable().meta({
      description:
        'Whether the API server accepts tokens that Postern signs; null without `webhookAuthentication`. Only auditors and ' +
        'admins see it.',
    }),
    findings: z.array(findingResource).meta({
      description: 'Findings that belong to no grant, newest first. Only auditors and admins see them.',
    }),
  })
  .meta({ id: 'Cluster' })
export type ClusterResource = z.infer<typeof clusterResource>
