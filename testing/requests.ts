import { db } from '#lib/adapters/db/client'
import type { Grant, Prisma, Request } from '#lib/adapters/db/generated/client'
import { newId } from '#lib/adapters/db/ids'
import { signatureOf } from '#lib/adapters/db/signing'
import type { Person } from '#lib/core/access/actor'
import { skippedGroups } from '#lib/core/access/break-glass'
import { contentHash } from '#lib/core/access/content-hash'
import type { ApprovalStep, Entitlement } from '#lib/core/access/entitlement'
import type { Submission } from '#lib/core/access/request'
import type { Rule } from '#lib/core/access/rule'
import type { EndReason, GrantStatus, RequestStatus } from '#lib/core/access/status'
import { digestOf, type Terms } from '#lib/core/access/terms'
import { runningClock } from '#lib/core/approvals/approval-clock'
import { nextFollowUp } from '#lib/core/approvals/escalation'
import {
  activationStatement,
  commentStatement,
  decisionStatement,
  endStatement,
  requestStatement,
} from '#lib/core/signing/statements'
import { aConfiguration, anEntitlement } from './configuration.ts'
import { aPerson } from './people.ts'

type RequestOverrides = Partial<{
  requester: Person
  entitlement: Entitlement
  reason: string
  ticket: string | null
  steps: ApprovalStep[]
  status: RequestStatus
  createdAt: Date
  lapsesAt: Date
  resolvedAt: Date
  /** The grant that it extends, and since when the access is held. */
  extendsGrantId: string
  heldSince: Date
  reviewDueAt: Date
  /** Some of the facts of lib/core/access/recorded-facts.ts. */
  facts: object
}> &
  Partial<Omit<Terms, 'requester'>>

const asJson = (value: unknown) => JSON.parse(JSON.stringify(value)) as Prisma.InputJsonValue

type Versions = { entitlementHash: string; policyHash: string }

async function keepVersions(entitlement: Entitlement): Promise<Versions> {
  const document = asJson(entitlement)
  const policy = asJson(aConfiguration())
  const entitlementHash = contentHash(document)
  const policyHash = contentHash(policy)
  await db().policyVersion.createMany({ data: { hash: policyHash, document: policy }, skipDuplicates: true })
  await db().entitlementVersion.createMany({
    data: { hash: entitlementHash, name: entitlement.name, document },
    skipDuplicates: true,
  })
  return { entitlementHash, policyHash }
}

/** What an engineer submits for the company's `payments-restart`. */
export const aSubmission = (overrides: Partial<Submission> = {}): Submission => ({
  entitlement: 'payments-restart',
  cluster: 'prod-eu',
  namespaces: ['payments'],
  reason: 'the checkout pods hang since the last deploy',
  durationSeconds: 1800,
  ...overrides,
})

type RowOverrides = RequestOverrides & { requester: Person; entitlement: Entitlement }

/** The row of a pending request, as Postern signs it. */
function requestRow(overrides: RowOverrides, { entitlementHash, policyHash }: Versions) {
  const { requester, entitlement } = overrides
  const steps = overrides.steps ?? entitlement.approvals
  const createdAt = overrides.createdAt ?? new Date()
  const terms = {
    cluster: overrides.cluster ?? 'prod-eu',
    namespaces: overrides.namespaces ?? ['payments'],
    rules: overrides.rules ?? entitlement.rules ?? entitlement.ceiling ?? [],
    clusterRole: overrides.clusterRole ?? entitlement.clusterRole ?? null,
    durationSeconds: overrides.durationSeconds ?? entitlement.duration.default,
    startsAt: overrides.startsAt ?? null,
    agent: overrides.agent ?? null,
  }
  const digest = digestOf({ ...terms, requester })
  const { namespaces, rules, durationSeconds } = terms
  const data = {
    ...terms,
    id: newId('request', createdAt),
    entitlementName: entitlement.name,
    entitlementHash,
    policyHash,
    digest,
    submittedTerms: { namespaces, rules, durationSeconds, digest },
    reason: overrides.reason ?? 'the checkout pods hang since the last deploy',
    ticket: overrides.ticket ?? null,
    verdict: { policyVersion: policyHash, violations: [], warnings: [] },
    steps,
    approverGroups: [...new Set([...steps.flatMap((step) => step.groups), ...skippedGroups(entitlement)])],
    extendsGrantId: overrides.extendsGrantId ?? null,
    heldSince: overrides.heldSince ?? null,
    reviewDueAt: overrides.reviewDueAt ?? null,
    createdAt,
    followUpAt: nextFollowUp(steps, runningClock(createdAt), null),
    lapsesAt: overrides.lapsesAt ?? new Date(createdAt.getTime() + 86_400_000),
  }
  const facts = overrides.facts && asJson(overrides.facts)
  const statement = requestStatement({ ...data, facts: facts ?? null, difference: null, requester })
  return { ...data, facts, requesterId: requester.id, signature: signatureOf('request', statement) }
}

/** A request as Postern signs it, written straight into the database: pending by default, without events. */
export async function aRequest(overrides: RequestOverrides = {}): Promise<Request> {
  const entitlement = overrides.entitlement ?? anEntitlement()
  const requester = overrides.requester ?? (await aPerson())
  const status = overrides.status ?? 'pending'
  const data = requestRow({ ...overrides, requester, entitlement }, await keepVersions(entitlement))
  const request = await db().request.create({ data })
  if (status === 'pending') return request
  return db().request.update({
    where: { id: request.id },
    data: { status, resolvedAt: overrides.resolvedAt ?? new Date() },
  })
}

/** As many grants of one person as a test needs, due at once, each from an approved request of its own. Returns their ids. */
export async function dueGrants(requester: Person, entitlement: Entitlement, count: number): Promise<string[]> {
  const versions = await keepVersions(entitlement)
  const requests = Array.from({ length: count }, () => requestRow({ requester, entitlement }, versions))
  await db().request.createMany({ data: requests })
  const where = { id: { in: requests.map(({ id }) => id) } }
  await db().request.updateMany({ where, data: { status: 'approved', resolvedAt: new Date() } })
  const nextAttemptAt = new Date()
  const grants = requests.map(({ id, cluster, durationSeconds }) => {
    return { id: newId('grant'), requestId: id, cluster, durationSeconds, nextAttemptAt }
  })
  await db().grant.createMany({ data: grants })
  return grants.map(({ id }) => id)
}

/** A decision on a request as Postern signs it, written straight into the database. */
export async function aDecision(
  request: Request,
  person: Person,
  decision: 'approve' | 'deny' = 'approve',
  note: string | null = null,
) {
  const { id: requestId, digest } = request
  const terms = { digest, result: digest, groups: person.groups }
  const data = { id: newId('decision'), requestId, decision, note, ...terms, createdAt: new Date() }
  const signature = signatureOf('decision', decisionStatement({ ...data, person, narrowed: null, difference: null }))
  return db().decision.create({ data: { ...data, personId: person.id, signature } })
}

type CommentOverrides = Partial<{ text: string; needsInformation: boolean; at: Date; signature: string | null }>

/** A comment on a pending request as Postern signs it, written straight into the database without an event. */
export async function aComment(
  { id: requestId }: Pick<Request, 'id'>,
  person: Person,
  { text = 'which pods?', needsInformation = false, at = new Date(), ...overrides }: CommentOverrides = {},
) {
  const data = { id: newId('comment', at), requestId, text, needsInformation, createdAt: at }
  const signature = signatureOf('comment', commentStatement({ ...data, person }))
  await db().comment.create({ data: { ...data, personId: person.id, signature, ...overrides } })
  await db().request.update({ where: { id: requestId }, data: { commentCount: { increment: 1 } } })
}

type GrantOverrides = Partial<{
  request: Request
  /** Whose approved request it comes from, where `request` is left out. */
  holder: Person
  status: GrantStatus
  createdAt: Date
  activatedAt: Date
  expiresAt: Date
  endingAt: Date
  endedBy: EndReason
  endedByName: string
  endNote: string
  endedAt: Date
  nextAttemptAt: Date
}>

/**
 * A grant, written straight into the database by the moves that lead to its status: pending by default. `activatedAt`
 * may lie in the past, so that a grant is past its end without a test having to wait.
 */
export async function aGrant(overrides: GrantOverrides = {}): Promise<Grant> {
  const request = overrides.request ?? (await aRequest({ requester: overrides.holder, status: 'approved' }))
  const status = overrides.status ?? 'pending'
  const now = new Date()
  const { id } = await db().grant.create({
    data: {
      id: newId('grant', overrides.createdAt ?? now),
      requestId: request.id,
      cluster: request.cluster,
      durationSeconds: request.durationSeconds,
      createdAt: overrides.createdAt,
      nextAttemptAt: overrides.nextAttemptAt ?? now,
    },
  })
  return bringGrant(id, status, overrides)
}

/** Moves a grant that is ending to its end, with the signature that a worker writes after its probes. */
export async function recordEnd(id: string, endedAt = new Date()) {
  const { cluster, endedBy } = await db().grant.findUniqueOrThrow({ where: { id } })
  const deniedProbes = { at: endedAt.toISOString(), results: [] }
  const end = { id, cluster, endedBy: endedBy ?? 'expiry', endedAt, deniedProbes }
  const endSignature = signatureOf('end', endStatement(end))
  await db().grant.update({
    where: { id },
    data: { status: 'ended', endedAt, deniedProbes, endSignature, nextAttemptAt: null },
  })
}

/** Moves a pending grant to this status, straight in the database, by the moves that lead there. */
export async function bringGrant(id: string, status: GrantStatus, overrides: GrantOverrides = {}): Promise<Grant> {
  const now = new Date()
  const { durationSeconds, request } = await db().grant.findUniqueOrThrow({ where: { id }, include: { request: true } })
  const move = (data: Prisma.GrantUpdateInput) => db().grant.update({ where: { id }, data })
  const activatedAt = overrides.activatedAt ?? now
  const expiresAt = overrides.expiresAt ?? new Date(activatedAt.getTime() + durationSeconds * 1000)
  const { requesterId, entitlementName, cluster } = request
  const begun = { id, requestId: request.id, requesterId, entitlementName, cluster, activatedAt, expiresAt }
  const signature = signatureOf('grant', activationStatement(begun))
  const nextAttemptAt = overrides.nextAttemptAt ?? expiresAt
  if (status !== 'pending') await move({ status: 'active', activatedAt, expiresAt, nextAttemptAt, signature })
  if (status === 'ending' || status === 'ended') {
    const { endedBy = 'expiry', endedByName, endNote, endingAt = now } = overrides
    await move({
      status: 'ending',
      endingAt,
      endedBy,
      endedByName,
      endNote,
      nextAttemptAt: overrides.nextAttemptAt ?? now,
    })
  }
  if (status === 'ended') await recordEnd(id, overrides.endedAt)
  return db().grant.findUniqueOrThrow({ where: { id } })
}

type ClusterOverrides = Partial<{
  name: string
  checkedAt: Date
  reachable: boolean
  error: string | null
  namespaces: Array<{ name: string; labels: Record<string, string> }>
  clusterRoles: Record<string, Rule[]>
  permissions: Array<{ what: string; namespace: string; allowed: boolean; neededFor: string }>
}>

/** What the worker last read of a cluster: reachable, with the company's namespaces. Replaces the stored state. */
export async function aClusterState(overrides: ClusterOverrides = {}) {
  const { name = 'prod-eu', ...rest } = overrides
  const data = {
    checkedAt: new Date(),
    reachable: true,
    version: 'v1.37.2',
    error: null,
    namespaces: ['payments', 'checkout', 'search', 'observability'].map((namespace) => ({
      name: namespace,
      labels: { 'kubernetes.io/metadata.name': namespace, environment: 'prod' },
    })),
    clusterRoles: { view: [{ apiGroups: [''], resources: ['pods', 'services'], verbs: ['get', 'list', 'watch'] }] },
    permissions: [],
    ...rest,
  }
  return db().clusterState.upsert({ where: { name }, create: { name, ...data }, update: data })
}
