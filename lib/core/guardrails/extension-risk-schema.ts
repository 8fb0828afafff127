// The form of `risks` in postern.yaml, which is that of lib/core/rbac/risk/extensions.json.
import { z } from 'zod'
import { severities } from '#lib/core/access/severity'
import { type ExtensionRisk, extensionKinds } from '#lib/core/rbac/risk/extension-kinds'

const name = /^(\*|(\*\.)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)$/

/** Permissions over resources of one API group that lead to a risk. */
export const extensionRiskSchema = z
  .strictObject({
    group: z.string().regex(name, 'must be an API group such as example.com, or *.example.com').meta({
      description: 'The API group. `*.example.com` and `*` are about groups of extensions that no other entry names.',
    }),
    resources: z
      .array(
        z
          .string()
          .regex(
            /^(\*|(\*\/)?[a-z0-9.-]{1,253}|[a-z0-9.-]{1,253}\/[a-z0-9.-]{1,253})$/,
            'must be a resource in lower-case plural such as widgets or widgets/proxy, or *',
          ),
      )
      .min(1)
      .max(64)
      .meta({
        description:
          '`*`: every resource of the group that no other entry names, without subresources. `*/proxy`: this subresource of any resource.',
      }),
    verbs: z
      .array(z.string().regex(/^[a-z][a-z0-9:*-]{0,62}$/, 'must be a verb in lower case, such as create; * is not one'))
      .min(1)
      .max(64)
      .meta({ description: 'Any of these verbs has the risk.' }),
    leadsTo: z
      .enum(extensionKinds.map(({ id }) => id))
      .meta({ description: 'The ID of the risk in docs/risks.md, as guardrails see it.' }),
    why: z
      .string()
      .min(1)
      .max(100)
      .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'must be one line of text')
      .meta({ description: 'What happens, for approvers: “runs any image as the account batch-admin”.' }),
    severity: z.enum(severities).optional().meta({ description: 'The severity of the risk by default.' }),
    scope: z
      .literal('cluster', 'must be cluster or absent')
      .optional()
      .meta({ description: 'The resources are cluster-wide, so that a RoleBinding cannot grant access to them.' }),
    source: z
      .string()
      .max(2000)
      .regex(/^https:\/\/\S+$/, 'must be a URL that begins with https://')
      .optional()
      .meta({ description: 'A page that describes it.' }),
  })
  .meta({ id: 'ExtensionRisk' }) satisfies z.ZodType<ExtensionRisk>
