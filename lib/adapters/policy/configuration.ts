import { isIP } from 'node:net'
import { z } from 'zod'
import { durationSchema } from '#lib/core/access/duration-schema'
import { entitlementSchema, labelSelector } from '#lib/core/access/entitlement'
import { ownerLabelSchema } from '#lib/core/access/owner-labels'
import { postureSection } from '#lib/core/access/posture-section'
import { knownPushServices } from '#lib/core/access/push-subscription'
import { type Rota, rotaSchema } from '#lib/core/access/rota'
import { managerSchema, ownersSchema } from '#lib/core/access/routing'
import { reservedPrefix } from '#lib/core/access/vouched-user'
import { admissionSection } from '#lib/core/admission/section'
import { guardrailsSection } from '#lib/core/guardrails/section'
import { CheckpointError } from '#lib/core/log/checkpoint'
import { parseWitnessKey } from '#lib/core/log/cosignature'
import { crossValidate } from './cross-validate.ts'

// The schema of postern.yaml. It contains no secrets: those come from the environment.

const who = entitlementSchema.shape.who
const clusterName = entitlementSchema.shape.name
const absolutePath = z.string().max(4096).regex(/^\//, 'must be an absolute path such as /etc/postern/ca.crt')

/** Plain http is allowed only where it doesn't leave this machine (RFC 8252 §7.3 makes the same exception). */
const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Why this URL can't be used; null if it can. Connections that carry secrets must be encrypted. */
function whyNotUsable(text: string, onlyOrigin: boolean): string | null {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !['https:', 'http:'].includes(url.protocol)) return 'must be a URL such as https://postern.example.com'
  if (url.username || url.password) return 'must not contain a user name or a password'
  if (url.search || url.hash) return 'must not contain a ? or a #'
  if (url.protocol === 'http:' && !loopback.has(url.hostname))
    return 'must use https; plain http is allowed only on loopback'
  if (onlyOrigin && url.pathname !== '/') return `must not have a path: write ${url.origin}`
  return null
}

/** Is this an IP address, or a network in CIDR notation? */
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
      const message = whyNotUsable(text, options.onlyOrigin)
      if (message) context.addIssue({ code: 'custom', message })
    })

/** Signature algorithms with a private key of the provider: not `none`, and not HMAC, whose key the client knows. */
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

/** Claims that people or their administrators may change (OpenID Connect Core §5.1, §5.7). */
const changeableClaims = new Set([
  ...['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'unique_name', 'upn'],
  ...['email', 'verified_primary_email', 'phone_number', 'profile', 'website', 'picture'],
])

const scopes = z
  .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be one scope, without spaces'))
  .max(20)
  .refine((scopes) => scopes.includes('openid'), 'must contain openid')
  .default(['openid', 'profile', 'email', 'groups', 'offline_access'])

const cliSchema = z.strictObject({
  clientId: z.string().min(1).max(256).meta({
    description:
      'A public client of the provider (RFC 8252) that may redirect to http://127.0.0.1/callback on any port. Its tokens count as those of Postern itself: they must list the same groups.',
  }),
  scopes: scopes.meta({ description: 'The scopes that postern login requests.' }),
  resource: z.string().min(1).max(256).optional().meta({
    description: 'The resource (RFC 8707) to name, if the provider needs one to issue tokens for apiAudience.',
  }),
})

const identitySchema = z.strictObject({
  issuer: address({ onlyOrigin: false }).meta({
    description: 'The URL of the OpenID Connect provider, which must support discovery; http only on loopback.',
  }),
  clientId: z.string().min(1).max(256),
  apiAudience: z
    .string()
    .min(1)
    .max(256)
    .meta({ description: 'The audience that bearer tokens for the API must have.' }),
  groupsClaim: z.string().min(1).max(256).default('groups').meta({
    description:
      'The claim that lists a person’s groups, in the ID token or UserInfo: its name, or a path such as realm_access.roles.',
  }),
  apiGroupsClaim: z.string().min(1).max(256).optional().meta({
    description: 'The claim of bearer tokens that lists the same groups, if it is not groupsClaim.',
  }),
  managerClaim: z.string().min(1).max(256).optional().meta({
    description:
      'The claim of the ID token with the e-mail address of a person’s manager, for steps with manager; one that people can’t change themselves.',
  }),
  subjectClaim: z
    .string()
    .min(1)
    .max(256)
    .refine(
      (claim) => !changeableClaims.has(claim),
      'must be a claim that never changes and is never given to another person',
    )
    .default('sub')
    .meta({
      description:
        'The claim that identifies a person in the tokens of every client, such as oid of Microsoft Entra ID. Changing it makes everyone a new person.',
    }),
  idTokenAlgorithm: z
    .enum(idTokenAlgorithms)
    .default('RS256')
    .meta({ description: 'The algorithm with which the provider signs id_tokens.' }),
  oneSubjectPerPerson: z.boolean().default(false).meta({
    description:
      'True if no one can have a second account at the provider: then people without a verified e-mail address may decide too.',
  }),
  scopes: scopes.meta({ description: 'The scopes that a sign-in requests.' }),
  cli: cliSchema
    .optional()
    .meta({ description: 'How postern login signs in. Without it, the terminal needs a token.' }),
})

const kubeconfigSchema = z.strictObject({
  file: absolutePath,
  context: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .meta({ description: 'The context to use; the kubeconfig’s current context by default.' }),
})

/** NB: with a prefix such as `system:` people would become identities of the cluster itself. */
const prefix = z
  .string()
  .max(256)
  .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'must not contain control characters')
  .refine((text) => !text.startsWith('system:'), 'must not begin with system:, which is reserved for Kubernetes')
  .refine((text) => !text.startsWith(reservedPrefix), 'must not begin with postern:, which is reserved for grants')
  .default('')

/** How the API server's authenticator names people, with the names of its own flags. */
const peopleSchema = z.strictObject({
  username: z.enum(['email', 'subject']).meta({
    description:
      'The claim that the API server uses as the user name (--oidc-username-claim): email, or the one that identity.subjectClaim names.',
  }),
  usernamePrefix: prefix.meta({ description: 'The value of --oidc-username-prefix; empty if that is "-".' }),
  groupsPrefix: prefix.meta({ description: 'The value of --oidc-groups-prefix.' }),
})

const clusterSchema = z
  .strictObject({
    name: clusterName,
    labels: labelSelector.default({}),
    kubeconfig: kubeconfigSchema
      .optional()
      .meta({ description: 'The kubeconfig with which Postern itself reaches the API server.' }),
    inCluster: z
      .literal(true, 'must be true or absent')
      .optional()
      .meta({ description: 'Postern runs in this cluster and uses its own ServiceAccount.' }),
    publicServer: address({ onlyOrigin: false }).meta({ description: 'The URL at which people reach the API server.' }),
    people: peopleSchema.optional().meta({
      description: 'How this cluster identifies people. If absent, Postern does not know their permanent access there.',
    }),
    publicCa: absolutePath
      .optional()
      .meta({ description: 'The PEM file with the API server’s certificate authority.' }),
    audit: z
      .strictObject({
        tokenFile: absolutePath.meta({
          description:
            'A file with the bearer token that the API server sends, at least 32 characters. Each line is a token, so that it can be rotated.',
        }),
      })
      .optional()
      .meta({ description: 'How this cluster sends its audit events. If absent, Postern accepts none.' }),
    webhookAuthentication: z
      .strictObject({
        tokenFile: absolutePath.meta({
          description:
            'A file with the bearer token that the API server sends with each TokenReview, at least 32 characters. Each line is a token, so that it can be rotated.',
        }),
        cacheTtl: durationSchema.prefault('PT2M').meta({
          description:
            'The value of --authentication-token-webhook-cache-ttl, by default that of Kubernetes. 10 s are recommended.',
          type: 'string',
          format: 'duration',
        }),
      })
      .optional()
      .meta({
        description:
          'Postern is the token webhook of this API server. Grants get no ServiceAccount then, but tokens that Postern signs. If absent, Postern vouches for no one.',
      }),
  })
  .refine((cluster) => (cluster.kubeconfig === undefined) !== (cluster.inCluster === undefined), {
    message: 'set exactly one of kubeconfig or inCluster',
  })
  .meta({ oneOf: [{ required: ['kubeconfig'] }, { required: ['inCluster'] }] })

/** The refinements of the schema, as JSON Schema for editors. */
const entitlement = entitlementSchema.meta({
  oneOf: [{ required: ['rules'] }, { required: ['ceiling'] }, { required: ['clusterRole'] }],
  anyOf: [{ required: ['namespaces'] }, { required: ['namespaceSelector'] }],
})

/** Why this mail server can't be used; null if it can. */
function whyNotMailServer(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !['smtp:', 'smtps:'].includes(url.protocol) || !url.hostname)
    return 'must be a URL such as smtps://mail.example.com'
  if (url.username || url.password)
    return 'must not contain a user name or a password: use username and POSTERN_SMTP_PASSWORD'
  if (url.search || url.hash || url.pathname.replace('/', '')) return 'must end after the port'
  return null
}

const notificationsSchema = z.strictObject({
  email: z
    .strictObject({
      server: z
        .string()
        .max(300)
        .superRefine((text, context) => {
          const message = whyNotMailServer(text)
          if (message) context.addIssue({ code: 'custom', message })
        })
        .meta({ description: 'smtps://host:465, or smtp://host:587, which must support STARTTLS except on loopback.' }),
      from: z
        .string()
        .max(254)
        .regex(/^[\w.+-]+@[A-Za-z0-9.-]+$/, 'must be an address such as postern@example.com')
        .meta({ description: 'The address that mails come from.' }),
      username: z.string().min(1).max(256).optional().meta({
        description: 'The user name at the mail server; the password is POSTERN_SMTP_PASSWORD.',
      }),
    })
    .optional()
    .meta({ description: 'Mails to the people concerned, at their verified addresses.' }),
  webhook: z
    .strictObject({ url: address({ onlyOrigin: false }) })
    .optional()
    .meta({ description: 'Posts every notice, signed with POSTERN_WEBHOOK_SECRET (Standard Webhooks).' }),
  slack: z
    .strictObject({
      channel: z
        .string()
        .regex(/^[CGD][A-Z0-9]{2,30}$/, 'must be the ID of a channel, such as C0123456789')
        .optional()
        .meta({
          description: 'The ID of a channel that gets one message for each request, at the end of its link in Slack.',
        }),
      direct: z
        .literal(true, 'must be true or absent')
        .optional()
        .meta({ description: 'One direct message for each request to everyone who is notified of it.' }),
      apiUrl: address({ onlyOrigin: false }).default('https://slack.com/api').meta({
        description: 'The address of Slack’s Web API.',
      }),
    })
    .refine(({ channel, direct }) => channel !== undefined || direct, { message: 'set channel, direct or both' })
    .meta({ anyOf: [{ required: ['channel'] }, { required: ['direct'] }] })
    .optional()
    .meta({ description: 'Messages in Slack, with the bot token POSTERN_SLACK_TOKEN.' }),
  teams: z
    .strictObject({})
    .optional()
    .meta({ description: 'A card for each notice, posted to the workflow at POSTERN_TEAMS_URL.' }),
  browser: z
    .strictObject({
      publicKey: z
        .string()
        .regex(/^B[\w-]{86}$/, 'must be a public key of 65 bytes in base64url')
        .meta({ description: 'The public VAPID key; its private key is POSTERN_VAPID_KEY.' }),
      contact: z
        .string()
        .max(300)
        .regex(/^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/, 'must be a mailto: or https: address')
        .meta({ description: 'Whom a push service contacts about these notifications.' }),
      services: z
        .array(
          z
            .string()
            .max(253)
            .regex(/^(\*\.)?[a-z0-9.-]+$/, 'must be a host, such as fcm.googleapis.com'),
        )
        .min(1)
        .max(20)
        .default(knownPushServices)
        .meta({ description: 'The hosts of the push services; `*.` stands for any name below a domain.' }),
    })
    .optional()
    .meta({ description: 'Notifications in the browsers that people add in Settings.' }),
})

const hasAddressAsHost = (url: string) =>
  URL.canParse(url) && isIP(new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')) > 0

function whyNotWitnessKey(text: string): string | null {
  try {
    parseWitnessKey(text)
    return null
  } catch (error) {
    if (error instanceof CheckpointError) return error.message
    throw error
  }
}

const anchor = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,40}$/, 'must be lower-case letters, digits and hyphens')
      .meta({ description: 'Its name on pages and in metrics.' }),
    directory: absolutePath.optional().meta({ description: 'A directory; each checkpoint becomes a file in it.' }),
    git: z
      .strictObject({
        directory: absolutePath.meta({ description: 'The checkout of a Git repository, which nothing else changes.' }),
        push: z.boolean().default(true).meta({ description: 'Push each commit.' }),
      })
      .optional(),
    webhook: z.strictObject({ url: address({ onlyOrigin: false }) }).optional(),
    s3: z
      .strictObject({
        bucket: z
          .string()
          .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket')
          .meta({ description: 'A bucket with object lock. The keys are those of POSTERN_S3_ACCESS_KEY_ID.' }),
        region: z.string().regex(/^[a-z0-9-]{1,40}$/, 'must be a region, such as eu-central-1'),
        endpoint: address({ onlyOrigin: true }).optional().meta({
          description: 'The address of the S3 API; that of AWS in the region by default.',
        }),
        pathStyle: z.boolean().default(false).meta({
          description: 'Name the bucket in the path instead of the host name, as most servers other than AWS need it.',
        }),
        prefix: z
          .string()
          .regex(/^[A-Za-z0-9/_-]{0,200}$/, 'must be letters, digits, hyphens, underscores and slashes')
          .default('')
          .meta({ description: 'What the name of each object begins with, such as postern/.' }),
        retentionDays: z.int().min(1).max(36_500).meta({
          description: 'For so many days no one can delete a checkpoint, not even the owner of the bucket.',
        }),
      })
      .refine(({ endpoint, pathStyle }) => pathStyle || !endpoint || !hasAddressAsHost(endpoint), {
        path: ['pathStyle'],
        message:
          'must be true, because the host of endpoint is an IP address and cannot begin with the name of the bucket',
      })
      .optional()
      .meta({ description: 'A bucket in which each checkpoint is locked (S3 Object Lock, compliance mode).' }),
    witness: z
      .strictObject({
        url: address({ onlyOrigin: false }).meta({
          description: 'Its submission prefix: checkpoints are posted to add-checkpoint below it.',
        }),
        key: z
          .string()
          .max(500)
          .superRefine((text, context) => {
            const message = whyNotWitnessKey(text)
            if (message) context.addIssue({ code: 'custom', message })
          })
          .meta({
            description: 'Its verifier key for Ed25519 cosignatures, such as witness.example.com/w1+1a2b3c4d+BA….',
          }),
      })
      .optional()
      .meta({ description: 'A witness that cosigns each checkpoint (C2SP tlog-witness).' }),
  })
  .refine((one) => [one.directory, one.git, one.webhook, one.s3, one.witness].filter(Boolean).length === 1, {
    message: 'set exactly one of directory, git, webhook, s3 or witness',
  })
  .meta({
    oneOf: ['directory', 'git', 'webhook', 's3', 'witness'].map((kind) => ({ required: [kind] })),
  })

const syslogReceiver = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,40}$/, 'must be lower-case letters, digits and hyphens')
    .meta({ description: 'Its name in metrics. The position in the log is kept under it.' }),
  host: z
    .string()
    .max(253)
    .regex(/^[A-Za-z0-9.:-]+$/, 'must be a host name or an IP address')
    .meta({ description: 'Its host name, which its certificate must have.' }),
  port: z.int().min(1).max(65_535).default(6514),
  caFile: absolutePath.optional().meta({
    description: 'The certificates that may have issued its certificate, as PEM; those of Node.js by default.',
  }),
})

/** Seconds. The database refuses to remove younger calls (`activity_retention` in prisma/migrations). */
const shortestKeep = 30 * 86_400

const perPerson = z.int().min(1).max(100_000)

const lapseAfter = durationSchema.meta({
  description: 'A pending request expires after this time.',
  type: 'string',
  format: 'duration',
})

/** The schema of each part of postern.yaml; `configurationSchema` also checks the parts against each other. */
export const configurationShape = z.strictObject({
  publicUrl: address({ onlyOrigin: true }).meta({ description: 'The URL at which people open Postern.' }),
  identity: identitySchema,
  roles: z
    .strictObject({ auditor: who.optional(), admin: who.optional() })
    .default({})
    .meta({ description: 'Auditors may read everything; admins may also end any grant.' }),
  clusters: z.array(clusterSchema).min(1, 'name at least one cluster').max(1000),
  entitlements: z.array(entitlement).max(5000),
  rotas: z.array(rotaSchema).max(500).default([]).meta({ description: 'Who is on call, for steps with onCall.' }),
  owners: z.array(ownersSchema).max(5000).default([]).meta({
    description: 'Who owns which namespaces, for steps with owners. Every entry that covers a namespace counts.',
  }),
  ownerLabels: z.array(ownerLabelSchema).max(20).default([]).meta({
    description: 'Labels of namespaces that name owners, where no entry of owners covers the namespace.',
  }),
  managers: z
    .array(managerSchema)
    .max(10_000)
    .default([])
    .meta({ description: 'The manager of each person, for steps with manager.' }),
  pending: z.strictObject({ lapseAfter: lapseAfter.prefault('PT24H') }).prefault({}),
  limits: z
    .strictObject({
      openRequestsPerPerson: perPerson.default(50).meta({
        description: 'The number of requests of one person that may wait for their decision at the same time.',
      }),
      liveGrantsPerPerson: perPerson.default(20).meta({
        description:
          'The number of grants of one person that may be waiting for their start, active or ending at the same time.',
      }),
      submissionsPerMinute: perPerson.default(30).meta({
        description:
          'How many requests one person may submit per minute, refused ones included, and how many credentials they may be issued.',
      }),
    })
    .prefault({}),
  trustedProxies: z
    .int()
    .min(0)
    .max(10)
    .default(0)
    .meta({ description: 'The number of proxies in front of Postern whose X-Forwarded-For entries are trusted.' }),
  openAddresses: z
    .array(z.string().refine(isNetwork, 'must be an address or a network such as 169.254.10.0/24'))
    .max(100)
    .optional()
    .meta({
      description: 'Link-local and metadata addresses that Postern may call. It never calls others of that kind.',
    }),
  notifications: notificationsSchema.optional().meta({ description: 'how people are notified.' }),
  log: z
    .strictObject({
      anchors: z.array(anchor).max(10).default([]),
      syslog: z.array(syslogReceiver).max(5).default([]).meta({
        description: 'Receivers of every event as OCSF in syslog over TLS (RFC 5424, RFC 5425).',
      }),
    })
    .prefault({})
    .meta({
      description:
        'Where signed checkpoints of the log of events are kept outside of Postern, and where events are forwarded to.',
    }),
  activity: z
    .strictObject({
      keep: durationSchema
        .refine((seconds) => seconds >= shortestKeep, 'must be at least P30D')
        .meta({
          description: 'Calls that API servers reported are removed after this time, at least 30 days.',
          type: 'string',
          format: 'duration',
        })
        .prefault('P400D'),
    })
    .prefault({})
    .meta({ description: 'How long the calls are kept that were made in the clusters.' }),
  admission: admissionSection.optional().meta({
    description: 'What the API servers themselves enforce: see `postern cluster admission`.',
  }),
  posture: postureSection
    .prefault({})
    .meta({ description: 'How findings about standing access can be accepted and suppressed.' }),
  ...guardrailsSection.shape,
})

export const configurationSchema = configurationShape
  .superRefine((configuration, context) => {
    for (const { path, message } of crossValidate(configuration)) context.addIssue({ code: 'custom', path, message })
  })
  .meta({ id: 'Configuration', title: 'postern.yaml', description: 'The configuration of Postern.' })

/** The parsed configuration: durations are in seconds, and defaults are filled in. */
export type Configuration = Omit<z.infer<typeof configurationShape>, 'rotas'> & { rotas: Rota[] }
