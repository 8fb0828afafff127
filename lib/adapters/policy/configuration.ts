import { isIP } from 'node:net'
import { z } from 'zod'
import { durationSchema } from '#lib/core/access/duration-schema'
import { entitlementSchema, labelSelector } from '#lib/core/access/entitlement'
import { guardrailsSection } from '#lib/core/guardrails/section'
import { crossValidate } from './cross-validate.ts'

// The shape of postern.yaml. Secrets are not part of it: they come from the environment.

const who = entitlementSchema.shape.who
const clusterName = entitlementSchema.shape.name
const absolutePath = z.string().max(4096).regex(/^\//, 'must be an absolute path such as /etc/postern/ca.crt')

/** Plain http only where it does not leave this machine (RFC 8252 §7.3 knows the same exception). */
const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Why this is not a web address that may be used, or null: whatever carries secrets is encrypted. */
function whyNotAddress(text: string, onlyOrigin: boolean): string | null {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !['https:', 'http:'].includes(url.protocol))
    return 'must be an address such as https://postern.example.com'
  if (url.username || url.password) return 'must not hold a name or a password'
  if (url.search || url.hash) return 'must not hold a ? or a #'
  if (url.protocol === 'http:' && !loopback.has(url.hostname)) return 'must be https; plain http is for loopback only'
  if (onlyOrigin && url.pathname !== '/') return `must have no path: ${url.origin}`
  return null
}

/** An IP address, or a network in CIDR notation. */
function isNetwork(text: string): boolean {
  const [network = '', prefix, ...more] = text.split('/')
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(network)] ?? -1
  return more.length === 0 && bits > 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits))
}

const address = (options: { onlyOrigin: boolean }) =>
  z
    .string()
    .max(2000)
    .superRefine((text, context) => {
      const message = whyNotAddress(text, options.onlyOrigin)
      if (message) context.addIssue({ code: 'custom', message })
    })

/** Signatures that need a key of the provider's own: no `none`, and no HMAC, whose key the client would know. */
export const idTokenAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

const identitySchema = z.strictObject({
  issuer: address({ onlyOrigin: false }).meta({
    description: 'The OpenID Connect provider, found by discovery; http only on loopback.',
  }),
  clientId: z.string().min(1).max(256),
  apiAudience: z.string().min(1).max(256).meta({ description: 'The audience that bearer tokens must carry.' }),
  groupsClaim: z.string().min(1).max(256).default('groups').meta({ description: 'The claim that lists the groups.' }),
  idTokenAlgorithm: z.enum(idTokenAlgorithms).default('RS256').meta({ description: 'How the provider signs.' }),
  oneSubjectPerPerson: z.boolean().default(false).meta({
    description:
      'True where the provider gives nobody a second account: then people without a verified e-mail may decide too.',
  }),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be one scope, without blanks'))
    .max(20)
    .refine((scopes) => scopes.includes('openid'), 'must hold openid')
    .default(['openid', 'profile', 'email', 'groups', 'offline_access'])
    .meta({ description: 'What is asked of the provider at sign-in.' }),
})

const kubeconfigSchema = z.strictObject({
  file: absolutePath,
  context: z.string().min(1).max(253).optional().meta({ description: 'The current context unless said otherwise.' }),
})

/** NB: a prefix such as `system:` would turn people into parts of the cluster itself. */
const prefix = z
  .string()
  .max(256)
  .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'must hold no control characters')
  .refine((text) => !text.startsWith('system:'), 'must not begin with system:, which is for Kubernetes itself')
  .default('')

/** What the API server's authenticator makes of a person; the same words as its own flags. */
const peopleSchema = z.strictObject({
  username: z.enum(['email', 'subject']).meta({
    description: 'Which claim the API server takes for the user name: --oidc-username-claim=email or sub.',
  }),
  usernamePrefix: prefix.meta({ description: 'As --oidc-username-prefix; empty where that is "-".' }),
  groupsPrefix: prefix.meta({ description: 'As --oidc-groups-prefix.' }),
})

const clusterSchema = z
  .strictObject({
    name: clusterName,
    labels: labelSelector.default({}),
    kubeconfig: kubeconfigSchema.optional().meta({ description: 'How Postern itself reaches the API server.' }),
    inCluster: z
      .literal(true, 'must be true, or not be there')
      .optional()
      .meta({ description: 'Postern runs in this cluster and uses its own ServiceAccount.' }),
    publicServer: address({ onlyOrigin: false }).meta({ description: 'The API server as people reach it.' }),
    people: peopleSchema.optional().meta({
      description: 'How this cluster knows people; absent: what they may do there without Postern is not known.',
    }),
    publicCa: absolutePath.optional().meta({ description: 'The file with its certificate authority, in PEM.' }),
  })
  .refine((cluster) => (cluster.kubeconfig === undefined) !== (cluster.inCluster === undefined), {
    message: 'say exactly one of kubeconfig or inCluster',
  })
  .meta({ oneOf: [{ required: ['kubeconfig'] }, { required: ['inCluster'] }] })

/** What its refinements say, in the words of JSON Schema, for editors. */
const entitlement = entitlementSchema.meta({
  oneOf: [{ required: ['rules'] }, { required: ['ceiling'] }, { required: ['clusterRole'] }],
  anyOf: [{ required: ['namespaces'] }, { required: ['namespaceSelector'] }],
})

const lapseAfter = durationSchema.meta({
  description: 'A request that nobody decides lapses after this time.',
  type: 'string',
  format: 'duration',
})

/** What postern.yaml says, each part by itself; `configurationSchema` also holds the parts against each other. */
export const configurationShape = z.strictObject({
  publicUrl: address({ onlyOrigin: true }).meta({ description: 'Where people open Postern.' }),
  identity: identitySchema,
  roles: z
    .strictObject({ auditor: who.optional(), admin: who.optional() })
    .default({})
    .meta({ description: 'Who may read everything, and who may end any grant.' }),
  clusters: z.array(clusterSchema).min(1, 'name at least one cluster').max(1000),
  entitlements: z.array(entitlement).max(5000),
  pending: z.strictObject({ lapseAfter: lapseAfter.prefault('PT24H') }).prefault({}),
  trustedProxies: z
    .int()
    .min(0)
    .max(10)
    .default(0)
    .meta({ description: 'How many proxies in front of Postern to believe about the client address.' }),
  openAddresses: z
    .array(z.string().refine(isNetwork, 'must be an address or a network such as 169.254.10.0/24'))
    .max(100)
    .optional()
    .meta({
      description: 'Link-local and metadata addresses that Postern may call all the same; it calls no others of them.',
    }),
  ...guardrailsSection.shape,
})

export const configurationSchema = configurationShape
  .superRefine((configuration, context) => {
    for (const { path, message } of crossValidate(configuration)) context.addIssue({ code: 'custom', path, message })
  })
  .meta({ id: 'Configuration', title: 'postern.yaml', description: 'The configuration of Postern.' })

/** Durations are seconds here, and everything that has a default has a value. */
export type Configuration = z.infer<typeof configurationShape>
