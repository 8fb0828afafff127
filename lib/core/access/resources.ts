import { z } from 'zod'
import { roles } from './actor.ts'
import { differenceResource } from './difference.ts'
import { approvalStepSchema } from './entitlement.ts'
import { findingKinds, findingOutcomes } from './finding.ts'
import { ruleSchema } from './rule.ts'
import { severities } from './severity.ts'
import { endReasons, grantStatuses, requestStatuses } from './status.ts'

// What the API answers and what the pages show: one shape each, read by both. Times are RFC 3339 in UTC, durations
// ISO 8601. `can` says what this reader may do, and why not where they may not: no page decides that again.

const time = z.iso.datetime().meta({ description: 'RFC 3339, UTC' })
const duration = z.string().meta({ description: 'ISO 8601 duration', format: 'duration' })
const may = z.union([
  z.strictObject({ may: z.literal(true) }),
  z.strictObject({ may: z.literal(false), why: z.string() }),
])
export type May = z.infer<typeof may>

export const personResource = z
  .strictObject({ id: z.string(), name: z.string(), email: z.string().nullable() })
  .meta({ id: 'Person' })

export const meResource = z
  .strictObject({
    id: z.string(),
    issuer: z.string(),
    subject: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    emailVerified: z.boolean(),
    groups: z.array(z.string()),
    roles: z.array(z.enum(roles)),
    /** Which claim of the provider each field came from. */
    claims: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Me' })

/** Where something may be asked for: the namespaces of that cluster, as last seen, that the entitlement covers. */
const entitlementCluster = z.strictObject({
  name: z.string(),
  reachable: z.boolean(),
  namespaces: z.array(z.string()),
})

export const entitlementResource = z
  .strictObject({
    name: z.string(),
    title: z.string(),
    description: z.string().nullable(),
    clusters: z.array(entitlementCluster),
    /** As the configuration says it: names and globs. */
    namespaces: z.array(z.string()),
    namespaceSelector: z.record(z.string(), z.string()).nullable(),
    kind: z.enum(['rules', 'ceiling', 'clusterRole']),
    /** What it gives, or the most it gives where `kind` is `ceiling`. */
    rules: z.array(ruleSchema),
    clusterRole: z.string().nullable(),
    defaultDuration: duration,
    maxDuration: duration,
    reasonMinLength: z.int(),
    ticket: z.strictObject({ required: z.boolean(), pattern: z.string().nullable() }),
    approvals: z.array(approvalStepSchema),
  })
  .meta({ id: 'Entitlement' })

/** One violation: what is wrong, where in the body, and what would be right. */
export const violationResource = z
  .strictObject({ code: z.string(), pointer: z.string(), sentence: z.string() })
  .meta({ id: 'Violation' })
export type Violation = z.infer<typeof violationResource>

/** What guardrails want besides what the entitlement asks for. */
const requirementsResource = z.strictObject({
  approvals: z.array(approvalStepSchema).meta({ description: 'Steps besides those of the entitlement.' }),
  approvers: z.int().meta({ description: 'At least so many different people; 0 where nothing is said.' }),
  ticketRequired: z.boolean(),
  ticketPatterns: z.array(z.string()).meta({ description: 'RE2 patterns that the ticket must all match.' }),
  reasonMinLength: z.int(),
})

export const verdictResource = z
  .strictObject({
    policyVersion: z.string(),
    violations: z.array(violationResource),
    warnings: z.array(violationResource),
    passesNextAt: time
      .nullable()
      .meta({ description: 'When the same request would pass, where only time is in its way.' }),
    until: time.nullable().meta({ description: 'When a window closes that access may not outlive.' }),
    requirements: requirementsResource,
    maxDuration: duration
      .nullable()
      .meta({ description: 'The longest that guardrails allow; null: they say nothing.' }),
    matched: z.array(z.string()).meta({ description: 'The guardrails that came in, whatever their effect.' }),
  })
  .meta({ id: 'Verdict' })
export type Verdict = z.infer<typeof verdictResource>

/** What is dangerous about the rules. No findings is no proof of harmlessness. */
const riskResource = z
  .strictObject({
    severity: z.enum(severities),
    findings: z.array(
      z.strictObject({
        id: z.string(),
        severity: z.enum(severities),
        sentence: z.string(),
        outlives: z.string().nullable().meta({ description: 'What keeps working after the grant has ended.' }),
        because: z.array(z.string()).meta({ description: 'How the rules give it.' }),
        partOf: z.array(z.string()).meta({ description: 'Other findings here that say it already.' }),
      }),
    ),
  })
  .meta({ id: 'Risk' })
export type RiskResource = z.infer<typeof riskResource>

/** One approval step, who could still give it, who has. `eligible` are people Postern has seen; others may exist. */
export const stepResource = z
  .strictObject({
    groups: z.array(z.string()),
    count: z.int(),
    approvedBy: z.array(personResource),
    eligible: z.array(personResource),
  })
  .meta({ id: 'ApprovalStepState' })

export const objectResource = z
  .strictObject({
    kind: z.string(),
    namespace: z.string(),
    name: z.string(),
    uid: z.string().nullable(),
    createdAt: time.nullable(),
    removedAt: time.nullable(),
  })
  .meta({ id: 'GrantObject' })

export const previewResource = z
  .strictObject({
    verdict: verdictResource,
    steps: z.array(stepResource),
    rules: z.array(ruleSchema),
    difference: differenceResource,
    risk: riskResource,
    maxDuration: duration,
    digest: z.string(),
    /** The objects that would be made, as YAML. */
    manifests: z.string(),
    objects: z.array(z.strictObject({ kind: z.string(), namespace: z.string(), name: z.string() })),
  })
  .meta({ id: 'Preview' })
export type Preview = z.infer<typeof previewResource>

export const probeResource = z
  .strictObject({
    namespace: z.string(),
    verb: z.string(),
    group: z.string(),
    resource: z.string(),
    subresource: z.string(),
    name: z.string(),
    allowed: z.boolean(),
  })
  .meta({ id: 'Probe' })
export type Probe = z.infer<typeof probeResource>

/** A round of SubjectAccessReviews: when the cluster answered, and what. */
export const probesResource = z.strictObject({ at: time, results: z.array(probeResource) }).meta({ id: 'Probes' })
export type Probes = z.infer<typeof probesResource>

export const credentialResource = z
  .strictObject({
    ...{ id: z.string(), jti: z.string(), person: personResource, issuedAt: time, expiresAt: time },
    void: z.boolean().meta({ description: 'Dead already: the ServiceAccount it was a token of is gone.' }),
  })
  .meta({ id: 'Credential' })

/** Something in a cluster that was not as Postern made it, or that Postern did not make. */
export const findingResource = z
  .strictObject({
    id: z.string(),
    kind: z.enum(findingKinds),
    object: z.strictObject({ kind: z.string(), namespace: z.string(), name: z.string(), uid: z.string().nullable() }),
    sentence: z.string(),
    times: z.int().meta({ description: 'How often it was seen.' }),
    firstSeenAt: time,
    lastSeenAt: time,
    resolvedAt: time.nullable(),
    outcome: z.enum(findingOutcomes).nullable().meta({ description: 'What came of it; null while it stands.' }),
  })
  .meta({ id: 'Finding' })
export type FindingResource = z.infer<typeof findingResource>

export const grantResource = z
  .strictObject({
    id: z.string(),
    requestId: z.string(),
    status: z.enum(grantStatuses),
    title: z.string(),
    holder: personResource,
    cluster: z.string(),
    namespaces: z.array(z.string()),
    duration,
    createdAt: time,
    activatedAt: time.nullable(),
    expiresAt: time.nullable(),
    endingAt: time.nullable(),
    endedAt: time.nullable(),
    endedBy: z.enum(endReasons).nullable(),
    endedByName: z.string().nullable(),
    endNote: z.string().nullable(),
    lastError: z.string().nullable(),
    attempts: z.int(),
    nextAttemptAt: time.nullable(),
    objects: z.array(objectResource),
    allowedProbes: probesResource.nullable(),
    deniedProbes: probesResource.nullable(),
    credentials: z.array(credentialResource),
    findings: z.array(findingResource),
    can: z.strictObject({ issueCredential: may, revoke: may, release: may }),
  })
  .meta({ id: 'Grant' })
export type GrantResource = z.infer<typeof grantResource>

export const decisionResource = z
  .strictObject({
    id: z.string(),
    person: personResource,
    decision: z.enum(['approve', 'deny']),
    note: z.string().nullable(),
    digest: z.string(),
    narrowed: z.boolean(),
    at: time,
  })
  .meta({ id: 'Decision' })

/** What lists show of a request; `requestResource` is the whole. */
export const requestSummary = z
  .strictObject({
    id: z.string(),
    status: z.enum(requestStatuses),
    title: z.string(),
    entitlement: z.string(),
    requester: personResource,
    cluster: z.string(),
    namespaces: z.array(z.string()),
    rules: z.array(ruleSchema),
    clusterRole: z.string().nullable(),
    risk: riskResource,
    reason: z.string(),
    ticket: z.string().nullable(),
    duration,
    startsAt: time.nullable(),
    digest: z.string(),
    createdAt: time,
    lapsesAt: time,
    resolvedAt: time.nullable(),
    steps: z.array(stepResource),
    signatureFailure: z
      .string()
      .nullable()
      .meta({ description: 'Why it cannot be approved: what is on record was not written by Postern. Else null.' }),
    grant: z
      .strictObject({
        id: z.string(),
        status: z.enum(grantStatuses),
        activatedAt: time.nullable(),
        expiresAt: time.nullable(),
        endedAt: time.nullable(),
        endedBy: z.enum(endReasons).nullable(),
        lastError: z.string().nullable(),
      })
      .nullable(),
    can: z.strictObject({ decide: may, withdraw: may, revoke: may, release: may, issueCredential: may }),
  })
  .meta({ id: 'RequestSummary' })
export type RequestSummary = z.infer<typeof requestSummary>

export const requestResource = z
  .strictObject({
    ...requestSummary.shape,
    /** The terms as first asked, where an approver has narrowed them since. */
    submittedTerms: z
      .strictObject({ namespaces: z.array(z.string()), rules: z.array(ruleSchema), duration, digest: z.string() })
      .nullable(),
    /** What is new to the requester: today's answer while it is pending, then what it was last judged by. */
    difference: differenceResource,
    verdict: verdictResource,
    decisions: z.array(decisionResource),
    grant: grantResource.nullable(),
  })
  .meta({ id: 'Request' })
export type RequestResource = z.infer<typeof requestResource>

export const auditEventResource = z
  .strictObject({
    id: z.string(),
    at: time,
    type: z.string(),
    sentence: z.string(),
    actor: z.strictObject({
      kind: z.enum(['person', 'system', 'unknown']),
      id: z.string().nullable(),
      name: z.string(),
      email: z.string().nullable(),
    }),
    via: z.string(),
    clientAddress: z.string().nullable(),
    reference: z.string(),
    requestId: z.string().nullable(),
    grantId: z.string().nullable(),
    cluster: z.string().nullable(),
    namespaces: z.array(z.string()),
    policyVersion: z.string().nullable(),
    data: z.unknown(),
    before: z.unknown(),
    after: z.unknown(),
  })
  .meta({ id: 'AuditEvent' })
export type AuditEventResource = z.infer<typeof auditEventResource>

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

/** The only answer that holds a token. */
export const issuedCredentialResource = z
  .strictObject({ token: z.string(), expiresAt: time, jti: z.string(), kubeconfig: z.string() })
  .meta({ id: 'IssuedCredential' })
export type IssuedCredential = z.infer<typeof issuedCredentialResource>

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() })
export type Page<T> = { items: T[]; nextCursor: string | null }

export type Me = z.infer<typeof meResource>
export type EntitlementResource = z.infer<typeof entitlementResource>
export type StepResource = z.infer<typeof stepResource>
export type PersonResource = z.infer<typeof personResource>
export type DecisionResource = z.infer<typeof decisionResource>
