// What exactly is signed of each record? Whoever writes a row and whoever reads one say it with the same function.
// A field that decides something and is not in here can be changed by whoever holds the database.

/** As JavaScript has it, or as JSON from the database has it. */
type Time = Date | string
const time = (at: Time) => new Date(at).toISOString()
const timeOrNull = (at: Time | null) => (at === null ? null : time(at))

/** Who somebody is, whatever else is known of them. */
type Identified = { id: string; issuer: string; subject: string }
const identityOf = ({ id, issuer, subject }: Identified) => ({ id, issuer, subject })

export type PersonRecord = Identified & {
  name: string
  email: string | null
  emailVerified: boolean
  groups: readonly string[]
  groupsAt: Time
}

/** Without the known e-mails: the database alone adds to them, and another one only ever takes a right away. */
export const personStatement = (person: PersonRecord) => ({
  ...identityOf(person),
  name: person.name,
  email: person.email,
  emailVerified: person.emailVerified,
  groups: person.groups,
  groupsAt: time(person.groupsAt),
})

export type RequestRecord = {
  id: string
  requester: Identified
  entitlementName: string
  entitlementHash: string
  policyHash: string
  cluster: string
  /** What was asked first, with its digest. */
  submittedTerms: unknown
  clusterRole: string | null
  startsAt: Time | null
  reason: string
  ticket: string | null
  verdict: unknown
  /** What the judgement saw, and what of it was new to the requester. */
  facts: unknown
  difference: unknown
  steps: unknown
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
  /** What was new to the requester, as the decision was judged. */
  difference: unknown
  /** The person's at that moment. */
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

/** That access has begun, whose it is, and until when. */
export type BeginningRecord = {
  id: string
  requestId: string
  requesterId: string
  entitlementName: string
  cluster: string
  activatedAt: Time
  expiresAt: Time
}

export const beginningStatement = (grant: BeginningRecord) => ({
  grant: grant.id,
  request: grant.requestId,
  holder: grant.requesterId,
  entitlement: grant.entitlementName,
  cluster: grant.cluster,
  activatedAt: time(grant.activatedAt),
  expiresAt: time(grant.expiresAt),
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

/** What is sealed for whoever ordered a credential; anybody who reads the order could seal something to its key. */
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

export type KeptAnswerRecord = { personId: string; key: string; fingerprint: string; status: number; body: unknown }

export const keptAnswerStatement = ({ personId, key, fingerprint, status, body }: KeptAnswerRecord) => ({
  ...{ person: personId, key, fingerprint, status, body },
})

/** What a worker read of who may do what in a cluster: by the hash of the content, and when. */
export type RightsRecord = { cluster: string; hash: string; readAt: Time }

export const rightsStatement = ({ cluster, hash, readAt }: RightsRecord) => ({ cluster, hash, readAt: time(readAt) })
