// The signed fields of each record. Writing and reading a row use the same function.
// NB: anyone who can write to the database can change a field that is not in here, so a field that decides something
// must be.

/** A date in JavaScript, or text in JSON from the database. */
type Time = Date | string
const time = (at: Time) => new Date(at).toISOString()
const timeOrNull = (at: Time | null) => (at === null ? null : time(at))

/** The identity of a person. */
type Identified = { id: string; issuer: string; subject: string }
const identityOf = ({ id, issuer, subject }: Identified) => ({ id, issuer, subject })

export type PersonRecord = Identified & {
  name: string
  email: string | null
  emailVerified: boolean
  everVerified: boolean
  groups: readonly string[]
  groupsAt: Time
  manager?: string | null
}

/**
 * Without the known e-mail addresses: the database lets no one remove one, and one more only restricts what a person
 * may decide. Without what only a page shows.
 */
export const personStatement = (person: PersonRecord) => ({
  ...identityOf(person),
  name: person.name,
  email: person.email,
  emailVerified: person.emailVerified,
  everVerified: person.everVerified,
  groups: person.groups,
  groupsAt: time(person.groupsAt),
  // Absent where there is none, as in records from before there were managers.
  ...(person.manager ? { manager: person.manager } : {}),
})

export type RequestRecord = {
  id: string
  requester: Identified
  entitlementName: string
  entitlementHash: string
  policyHash: string
  cluster: string
  /** The terms as submitted, with their digest. */
  submittedTerms: unknown
  clusterRole: string | null
  startsAt: Time | null
  reason: string
  ticket: string | null
  verdict: unknown
  /** The facts of the judgement, and what the terms add to the requester's access. */
  facts: unknown
  difference: unknown
  steps: unknown
  /** The grant that it extends, and when the first of that chain began. */
  extendsGrantId: string | null
  heldSince: Time | null
  /** When the review of break-glass access is due; null for any other. */
  reviewDueAt: Time | null
  /** The program that submitted it for the requester. */
  agent: string | null
  createdAt: Time
  lapsesAt: Time
}

export const requestStatement = (request: RequestRecord) => ({
  id: request.id,
  requester: identityOf(request.requester),
  entitlement: { name: request.entitlementName, hash: request.entitlementHash },
  policy: request.policyHash,
  cluster: request.cluster,
  submittedTerms: request.submittedTerms,
  clusterRole: request.clusterRole,
  startsAt: timeOrNull(request.startsAt),
  reason: request.reason,
  ticket: request.ticket,
  verdict: request.verdict,
  facts: request.facts ?? null,
  difference: request.difference ?? null,
  steps: request.steps,
  extends: request.extendsGrantId,
  heldSince: timeOrNull(request.heldSince),
  reviewDueAt: timeOrNull(request.reviewDueAt),
  agent: request.agent,
  createdAt: time(request.createdAt),
  lapsesAt: time(request.lapsesAt),
})

export type DecisionRecord = {
  id: string
  requestId: string
  person: Identified
  decision: string
  note: string | null
  digest: string
  result: string
  narrowed: unknown
  /** What the terms added to the requester's access when the decision was judged. */
  difference: unknown
  /** The approver's groups at that time. */
  groups: readonly string[]
  createdAt: Time
}

export const decisionStatement = (decision: DecisionRecord) => ({
  id: decision.id,
  request: decision.requestId,
  person: identityOf(decision.person),
  decision: decision.decision,
  note: decision.note,
  digest: decision.digest,
  result: decision.result,
  narrowed: decision.narrowed ?? null,
  difference: decision.difference ?? null,
  groups: decision.groups,
  createdAt: time(decision.createdAt),
})

export type CommentRecord = {
  id: string
  requestId: string
  person: Identified
  text: string
  needsInformation: boolean
  createdAt: Time
}

export const commentStatement = (comment: CommentRecord) => ({
  id: comment.id,
  request: comment.requestId,
  person: identityOf(comment.person),
  text: comment.text,
  needsInformation: comment.needsInformation,
  createdAt: time(comment.createdAt),
})

/** `id` is that of the request: each has at most one review. */
export type ReviewRecord = {
  id: string
  person: Identified
  outcome: string
  note: string
  groups: readonly string[]
  createdAt: Time
}

export const reviewStatement = (review: ReviewRecord) => ({
  request: review.id,
  person: identityOf(review.person),
  outcome: review.outcome,
  note: review.note,
  groups: review.groups,
  createdAt: time(review.createdAt),
})

/** The fact that access became active, for whom and until when. */
export type ActivationRecord = {
  id: string
  requestId: string
  requesterId: string
  entitlementName: string
  cluster: string
  activatedAt: Time
  expiresAt: Time
}

export const activationStatement = (grant: ActivationRecord) => ({
  grant: grant.id,
  request: grant.requestId,
  holder: grant.requesterId,
  entitlement: grant.entitlementName,
  cluster: grant.cluster,
  activatedAt: time(grant.activatedAt),
  expiresAt: time(grant.expiresAt),
})

/** The fact that access has ended: every object was gone, and the cluster answered these probes. */
export type EndRecord = {
  id: string
  cluster: string
  endedBy: string | null
  endedAt: Time
  deniedProbes: unknown
}

export const endStatement = (grant: EndRecord) => ({
  grant: grant.id,
  cluster: grant.cluster,
  endedBy: grant.endedBy,
  endedAt: time(grant.endedAt),
  probes: grant.deniedProbes,
})

export type OrderRecord = {
  id: string
  grantId: string
  personId: string
  publicKey: unknown
  via: string
  clientAddress: string | null
  reference: string
  placedAt: Time
}

export const orderStatement = (order: OrderRecord) => ({
  id: order.id,
  grant: order.grantId,
  person: order.personId,
  publicKey: order.publicKey,
  via: order.via,
  clientAddress: order.clientAddress,
  reference: order.reference,
  placedAt: time(order.placedAt),
})

/**
 * The credential that is encrypted for the process that ordered it. It is signed too, because anyone who reads the
 * order could encrypt to its key.
 */
export type AnswerRecord = {
  order: string
  token: string
  jti: string
  expiresAt: string
  certificateAuthority: string | null
}

export const answerStatement = ({ order, token, jti, expiresAt, certificateAuthority }: AnswerRecord) => ({
  ...{ order, token, jti, expiresAt, certificateAuthority },
})

/** Why a worker issues no credential for an order. */
export type ProblemRecord = { order: string; code: string; sentence: string }

export const problemStatement = ({ order, code, sentence }: ProblemRecord) => ({ order, code, sentence })

export type StoredResponseRecord = { personId: string; key: string; fingerprint: string; status: number; body: unknown }

export const storedResponseStatement = ({ personId, key, fingerprint, status, body }: StoredResponseRecord) => ({
  ...{ person: personId, key, fingerprint, status, body },
})

/** The roles and bindings that a worker read from a cluster, by the hash of their content, and when. */
export type RightsRecord = { cluster: string; hash: string; readAt: Time }

export const rightsStatement = ({ cluster, hash, readAt }: RightsRecord) => ({ cluster, hash, readAt: time(readAt) })

/** Who is on call, as a worker read it from a source outside of Postern. The person on call may approve. */
export type RotaRecord = { name: string; source: unknown; shifts: unknown; readAt: Time }

export const rotaStatement = ({ name, source, shifts, readAt }: RotaRecord) => ({
  ...{ name, source, shifts, readAt: time(readAt) },
})

/** The newest checkpoint that an anchor has kept, as a worker handed it over. Its time is the database's. */
export type AnchoredRecord = { name: string; size: number }

export const anchoredStatement = ({ name, size }: AnchoredRecord) => ({ name, size })
