// What programs read of the API's responses. NB: not strict: a newer server may send more.
import { z } from 'zod'

const person = z.object({ name: z.string(), email: z.string().nullable().default(null) })
const step = z.object({
  groups: z.array(z.string()),
  count: z.number(),
  approvedBy: z.array(person).default([]),
  eligible: z.array(person).default([]),
})
export type Step = z.output<typeof step>

const rule = z.object({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  verbs: z.array(z.string()),
  resourceNames: z.array(z.string()).optional(),
})
export type Rule = z.output<typeof rule>

const may = z.object({ may: z.boolean(), why: z.string().optional() })
const risk = z.object({
  severity: z.string(),
  findings: z.array(z.object({ id: z.string(), severity: z.string(), sentence: z.string() })),
})

/** A browser in which the person is signed in. */
const ownSession = z.object({ startedAt: z.string(), expiresAt: z.string(), clientAddress: z.string().nullable() })
export type OwnSession = z.infer<typeof ownSession>

export const me = z.object({
  subject: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  emailVerified: z.boolean(),
  issuer: z.string(),
  groups: z.array(z.string()),
  groupsProblem: z.string().nullable().default(null),
  roles: z.array(z.string()),
  claims: z.record(z.string(), z.string()).default({}),
  version: z.string().nullable().default(null),
  sessions: z.array(ownSession).nullable().default(null),
})

export const ownAbsence = z.object({
  absence: z.object({ from: z.string(), until: z.string(), delegate: z.string() }).nullable(),
})

const grantState = z.object({
  id: z.string(),
  status: z.string(),
  expiresAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  endedBy: z.string().nullable(),
  lastError: z.string().nullable(),
})

export const request = z.object({
  id: z.string(),
  status: z.string(),
  title: z.string(),
  entitlement: z.string(),
  requester: person,
  cluster: z.string(),
  namespaces: z.array(z.string()),
  rules: z.array(rule),
  clusterRole: z.string().nullable(),
  risk,
  reason: z.string(),
  ticket: z.string().nullable(),
  duration: z.string(),
  startsAt: z.string().nullable(),
  /** The program that submitted it for the requester, by its own word. */
  agent: z.string().nullable().default(null),
  digest: z.string(),
  createdAt: z.string(),
  lapsesAt: z.string(),
  steps: z.array(step),
  needsInformationSince: z.string().nullable().default(null),
  signatureFailure: z.string().nullable().default(null),
  grant: grantState.nullable(),
  can: z.object({ decide: may, withdraw: may, revoke: may, release: may, issueCredential: may }),
})
export type RequestState = z.output<typeof request>

const inNamespaces = z.array(z.object({ namespaces: z.array(z.string()), rules: z.array(rule) }))
const difference = z.union([
  z.object({ known: z.literal(true), gained: inNamespaces, held: inNamespaces }),
  z.object({ known: z.literal(false), why: z.string() }),
])
export type Difference = z.output<typeof difference>

const review = z.object({ person, outcome: z.string(), note: z.string(), at: z.string() })

export const requestInFull = request.extend({
  /** When the review of break-glass access is due. */
  reviewDueAt: z.string().nullable().default(null),
  review: review.nullable().default(null),
  difference,
  comments: z.array(z.object({ person, text: z.string(), needsInformation: z.boolean(), at: z.string() })).default([]),
  decisions: z.array(
    z.object({ person, decision: z.string(), note: z.string().nullable(), narrowed: z.boolean(), at: z.string() }),
  ),
})
export type RequestInFull = z.output<typeof requestInFull>

export const requestPage = z.object({ items: z.array(request), nextCursor: z.string().nullable() })

export const grant = z.object({
  ...grantState.shape,
  requestId: z.string(),
  title: z.string(),
  cluster: z.string(),
  namespaces: z.array(z.string()),
  endNote: z.string().nullable().default(null),
  endedByName: z.string().nullable().default(null),
  supersededBy: z.string().nullable().default(null),
  can: z.object({ issueCredential: may, revoke: may, release: may }),
})
export type Grant = z.output<typeof grant>

export const credential = z.object({ token: z.string(), expiresAt: z.string(), kubeconfig: z.string() })

const violation = z.object({ code: z.string(), pointer: z.string(), sentence: z.string() })
const alreadyHeld = z.object({
  requestId: z.string(),
  title: z.string(),
  status: z.string(),
  cluster: z.string(),
  grantId: z.string().nullable(),
  expiresAt: z.string().nullable(),
  missing: z.array(z.unknown()),
})
export type AlreadyHeld = z.output<typeof alreadyHeld>

export const preview = z.object({
  verdict: z.object({ violations: z.array(violation), warnings: z.array(violation) }),
  steps: z.array(step),
  rules: z.array(rule),
  difference,
  risk,
  alreadyHeld: z.array(alreadyHeld),
  maxDuration: z.string(),
  digest: z.string(),
  objects: z.array(z.object({ kind: z.string(), namespace: z.string(), name: z.string() })),
})
export type Preview = z.output<typeof preview>

const entitlement = z.object({
  name: z.string(),
  title: z.string(),
  clusters: z.array(z.object({ name: z.string(), namespaces: z.array(z.string()) })),
  kind: z.string(),
  rules: z.array(rule),
  defaultDuration: z.string(),
  maxDuration: z.string(),
  reasonMinLength: z.number(),
  ticket: z.object({ required: z.boolean(), example: z.string().nullable().default(null) }),
  approvals: z.array(z.object({ groups: z.array(z.string()), count: z.number() })),
})
export type Entitlement = z.output<typeof entitlement>
export const entitlements = z.object({ items: z.array(entitlement) })

/** Whether the API server accepts tokens of Postern; null where Postern signs none, and for those who may not see it. */
const tokenWebhook = z.object({
  accepted: z.boolean().nullable(),
  probedAt: z.string().nullable(),
  lastReviewAt: z.string().nullable(),
  problem: z.string().nullable(),
  fix: z.string().nullable(),
})

export const clusters = z.object({
  items: z.array(
    z.object({ name: z.string(), publicServer: z.string(), tokenWebhook: tokenWebhook.nullable().default(null) }),
  ),
})

export const paste = z.object({
  understood: z.boolean(),
  summary: z.string(),
  rules: z.array(rule),
  namespaces: z.array(z.string()),
  notes: z.array(z.object({ code: z.string(), sentence: z.string() })),
  suggestions: z.array(
    z.object({
      entitlement,
      cluster: z.string().nullable(),
      clusters: z.array(z.string()),
      complete: z.boolean(),
      granted: z.array(rule),
    }),
  ),
  alreadyHeld: z.array(alreadyHeld),
})
export type Paste = z.output<typeof paste>

const breakGlassUse = z.object({
  requestId: z.string(),
  title: z.string(),
  holder: person,
  cluster: z.string(),
  namespaces: z.array(z.string()),
  reason: z.string(),
  at: z.string(),
  reviewDueAt: z.string(),
  isOverdue: z.boolean(),
  review: review.nullable(),
})
export type BreakGlassUse = z.output<typeof breakGlassUse>
export const reviewPage = z.object({ items: z.array(breakGlassUse), nextCursor: z.string().nullable() })

export const reviewed = z.object({ outcome: z.string() })
export const submitted = z.object({ id: z.string(), status: z.string(), digest: z.string() })
export const state = z.object({ status: z.string() })
export const created = z.object({ id: z.string() })

const link = z.object({
  binding: z.object({ kind: z.string(), namespace: z.string().nullable(), name: z.string() }),
  role: z.object({ kind: z.string(), name: z.string() }),
})

export const explanation = z.object({
  person: z.object({ name: z.string(), email: z.string().nullable() }),
  asOf: z.string().nullable(),
  allowed: z.boolean().nullable(),
  why: z.string(),
  ways: z.array(link),
  dangling: z.array(link),
  grants: z.array(z.object({ id: z.string(), requestId: z.string(), title: z.string(), expiresAt: z.string() })),
  hints: z.array(z.string()),
  entitlements: z.array(z.object({ name: z.string(), title: z.string() })),
})
export type Explanation = z.output<typeof explanation>
export const explanations = z.object({ items: z.array(explanation) })

export const auditEvents = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      at: z.string(),
      type: z.string(),
      sentence: z.string(),
      actor: z.object({ kind: z.string(), name: z.string() }),
      requestId: z.string().nullable(),
      cluster: z.string().nullable(),
      namespaces: z.array(z.string()),
    }),
  ),
})
