import type { JWK } from 'jose'
import { z } from 'zod'
import { type About, type NewAuditEvent, recordEvents } from '#lib/adapters/db/audit/audit'
import { insertEvents } from '#lib/adapters/db/audit/events-in-sql'
import { countRecorded, db, type Tx, transaction } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { toPerson } from '#lib/adapters/db/people/people'
import { type PersonInSql, personInSql } from '#lib/adapters/db/records-in-sql'
import { signatureOf, signingKeys } from '#lib/adapters/db/signing'
import type { Actor, Origin, Person, PersonActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import type { Id } from '#lib/core/access/ids'
import { grantsNamespace } from '#lib/core/access/namespaces'
import type { GrantStatus } from '#lib/core/access/status'
import { objectName, type SubjectKind } from '#lib/core/grants/names'
import { whyNotSigned } from '#lib/core/signing/signature'
import { type AnswerRecord, answerStatement, orderStatement, problemStatement } from '#lib/core/signing/statements'
import {
  type SignatureFailure,
  type Signed,
  verifyActivation,
  verifyOrder,
  verifyPerson,
} from '#lib/core/signing/verify-records'
import { Prisma } from '../generated/client.ts'

/** PostgreSQL limits the payload of NOTIFY to less than 8000 bytes. */
export const maxNotificationBytes = 7_999
export const answerChannel = 'postern_answer'
/** Characters of the sentence of a problem. A character takes at most six bytes in the JSON of a notification. */
const longestSentence = 1_000

type Order = {
  id: Id<'order'>
  actor: PersonActor
  grantId: string
  publicKey: JWK
  about: About
  /** By the database's clock. The order expires after some seconds. */
  placedAt: Date
}

/**
 * Places an order for a credential and records it, in one statement and one commit. Only the holder of the private key
 * can open the sealed answer. The order is signed, so that a worker can verify who placed it and for which key. A
 * trigger notifies the workers.
 */
export async function placeOrder(tx: Tx, { id, actor, grantId, publicKey, about, placedAt }: Order): Promise<void> {
  const { via, clientAddress, reference } = actor.origin
  const personId = actor.person.id
  const order = { id, grantId, personId, publicKey, via, clientAddress, reference, placedAt }
  const requested: NewAuditEvent = { type: 'credential.requested', actor, data: {}, about }
  await tx.$executeRaw`
    WITH recorded AS (${insertEvents([requested])})
    INSERT INTO credential_orders (id, grant_id, person_id, public_key, via, client_address, reference, created_at,
      signature)
    VALUES (${id}, ${grantId}, ${personId}, ${JSON.stringify(publicKey)}::jsonb, ${via}, ${clientAddress},
      ${reference}, ${placedAt.toISOString()}::timestamptz, ${signatureOf('order', orderStatement(order))})`
  countRecorded([requested])
}

/** Cancels an order that no caller waits for any more, unless a worker has taken it. */
export async function cancelOrder(id: string): Promise<void> {
  await db().$executeRaw`DELETE FROM credential_orders WHERE id = ${id}`
}

/** Who wants a credential of which grant, as the database has it. */
export type CredentialCall = {
  person: Person
  origin: Origin
  /** Why the order, its person or the grant's activation is not valid; null if all signatures are. */
  signatureFailure: SignatureFailure | null
  grant: {
    id: Id<'grant'>
    requestId: string
    requesterId: string
    status: GrantStatus
    cluster: string
    namespaces: string[]
    policyHash: string
    entitlementName: string
    secondsLeft: number
    /** Who acts with the grant: its `account`, or a user for whom Postern vouches. */
    subject: SubjectKind
    account: { namespace: string; name: string; uid: string } | null
  }
}

export type TakenOrder = CredentialCall & { id: string; publicKey: JWK; isFresh: boolean }

type CallRow = {
  grant: Omit<CredentialCall['grant'], 'account'> & { uid: string | null }
  person: PersonInSql
  activation: Signed<{ activatedAt: string; expiresAt: string }>
}

type OrderRow = CallRow &
  Pick<TakenOrder, 'id' | 'publicKey' | 'origin' | 'isFresh'> & {
    placedAt: Date
    signature: string | null
  }

/** The columns of a person `p`, a grant `g` and its request `r` that decide whether a credential is issued. */
const callInSql = Prisma.sql`${personInSql('p')} AS person,
      jsonb_build_object('activatedAt', g.activated_at, 'expiresAt', g.expires_at, 'signature', g.signature) AS activation,
      jsonb_build_object('id', g.id, 'requestId', r.id, 'requesterId', r.requester_id, 'status', g.status,
        'cluster', g.cluster, 'namespaces', r.namespaces, 'policyHash', r.policy_hash,
        'entitlementName', r.entitlement_name,
        'secondsLeft', coalesce(extract(epoch FROM g.expires_at - clock_timestamp()), 0),
        'subject', CASE WHEN EXISTS (SELECT FROM grant_objects a WHERE a.grant_id = g.id AND a.kind = 'ServiceAccount')
          THEN 'ServiceAccount' ELSE 'User' END,
        'uid', (SELECT a.uid FROM grant_objects a WHERE a.grant_id = g.id AND a.kind = 'ServiceAccount'
          AND a.namespace = ${grantsNamespace} AND a.name = 'postern-' || substr(g.id, 5))) AS "grant"`

/** @param orderFailure why the order is not valid; null if it is, or if there is none */
function toCall(row: CallRow, origin: Origin, orderFailure: SignatureFailure | null): CredentialCall {
  const keys = signingKeys()
  const { person, activation } = row
  const { uid, ...grant } = row.grant
  // NB: the name is derived from the grant. A stored name could have been changed to the account of another grant.
  const account = uid === null ? null : { namespace: grantsNamespace, name: objectName(grant.id), uid }
  const signatureFailure =
    orderFailure ??
    verifyPerson(keys, person) ??
    (grant.status === 'active' ? verifyActivation(keys, { ...grant, ...activation }) : null)
  return { grant: { ...grant, account }, person: toPerson(person), origin, signatureFailure }
}

const whyOrderNotSigned = (row: OrderRow): SignatureFailure | null =>
  verifyOrder(signingKeys(), { ...row, ...row.origin, grantId: row.grant.id, personId: row.person.id })

/** Takes an order for one worker, by deleting its row. */
export async function takeOrder(id: string): Promise<TakenOrder | undefined> {
  const [row] = await db().$queryRaw<OrderRow[]>`
    WITH taken AS (DELETE FROM credential_orders WHERE id = ${id} RETURNING *)
    SELECT o.id, o.public_key AS "publicKey", o.created_at AS "placedAt", o.signature,
      o.created_at BETWEEN now() - interval '15 seconds' AND now() + interval '5 seconds' AS "isFresh",
      jsonb_build_object('via', o.via, 'clientAddress', o.client_address, 'reference', o.reference) AS origin,
      ${callInSql}
    FROM taken o
    JOIN people p ON p.id = o.person_id
    JOIN grants g ON g.id = o.grant_id
    JOIN requests r ON r.id = g.request_id`
  if (!row) return undefined
  const { publicKey, isFresh, origin } = row
  return { id, publicKey, isFresh, ...toCall(row, origin, whyOrderNotSigned(row)) }
}

/**
 * Records that the caller requests a credential, and reads what decides whether it is issued: the same as of an order, which
 * is not needed where a worker is in the caller's own process.
 */
export async function recordCall(actor: PersonActor, grantId: string, about: About): Promise<CredentialCall> {
  const requested: NewAuditEvent = { type: 'credential.requested', actor, data: {}, about }
  const [row] = await db().$queryRaw<CallRow[]>`
    WITH recorded AS (${insertEvents([requested])})
    SELECT ${callInSql}
    FROM grants g JOIN requests r ON r.id = g.request_id JOIN people p ON p.id = ${actor.person.id}
    WHERE g.id = ${grantId}`
  if (!row) throw new Error('a grant or a person is gone, although no row is ever deleted')
  countRecorded([requested])
  return toCall(row, actor.origin, null)
}

/** Orders that were placed while this worker was not listening. */
export async function unansweredOrders(): Promise<string[]> {
  const rows = await db().$queryRaw<Array<{ id: string }>>`SELECT id FROM credential_orders ORDER BY created_at`
  return rows.map(({ id }) => id)
}

const problemSchema = z.strictObject({
  code: z.enum(['conflict', 'forbidden', 'unavailable']),
  sentence: z.string().max(longestSentence),
})
export type Problem = z.infer<typeof problemSchema>

const answerSchema = z.union([
  z.strictObject({ order: z.string(), jwe: z.string() }),
  z.strictObject({ order: z.string(), problem: problemSchema, signature: z.string() }),
])
export type OrderAnswer = z.infer<typeof answerSchema>

/**
 * The answer in a notification; undefined for any other text, and for a problem that no worker signed. Anyone who can
 * connect to the database can notify, and a problem becomes the response to a caller. Whether a credential is a worker's
 * shows only when it is decrypted.
 */
export function answerIn(payload: string): OrderAnswer | undefined {
  let json: unknown
  try {
    json = JSON.parse(payload)
  } catch {
    return undefined
  }
  const { data: answer } = answerSchema.safeParse(json)
  if (!answer || !('problem' in answer)) return answer
  const { order, problem, signature } = answer
  const failure = whyNotSigned(signingKeys(), 'problem', () => problemStatement({ order, ...problem }), signature)
  return failure === null ? answer : undefined
}

/** Notifies the caller who waits for this order that there is no credential, when the current transaction commits. */
async function notifyProblem(tx: Tx, order: string, problem: Problem) {
  const signature = signatureOf('problem', problemStatement({ order, ...problem }))
  const answer: OrderAnswer = { order, problem, signature }
  await tx.$executeRaw`SELECT pg_notify(${answerChannel}, ${JSON.stringify(answer)})`
}

const aboutOf = ({ grant }: CredentialCall): About => {
  const { id: grantId, requestId, requesterId: personId, cluster, namespaces, policyHash } = grant
  return { requestId, grantId, personId, cluster, namespaces, policyHash }
}

/**
 * Records that a credential was issued, with its ID only.
 * @param answer the sealed answer, which is sent with the same commit; null if the caller is in this process
 * @throws AppError `conflict` when the grant was ended meanwhile: then the token must not be handed over
 */
export async function saveIssued(
  call: CredentialCall,
  actor: PersonActor,
  issued: { jti: string; expiresAt: Date },
  answer: { order: string; jwe: string } | null,
): Promise<void> {
  const grantId = call.grant.id
  const personId = call.person.id
  const event: NewAuditEvent = {
    type: 'credential.issued',
    actor,
    data: { jti: issued.jti, expiresAt: issued.expiresAt.toISOString() },
    about: aboutOf(call),
  }
  const send = answer ? Prisma.sql`pg_notify(${answerChannel}, ${JSON.stringify(answer)})::text` : Prisma.sql`1`
  // The lock orders this against a simultaneous end of the grant: either the end waits, or no credential is issued. The
  // notification is sent when this statement commits.
  const handedOver = await db().$queryRaw<unknown[]>`
    WITH active AS (SELECT 1 FROM grants WHERE id = ${grantId} AND status = 'active' FOR SHARE),
    issued AS (
      INSERT INTO credentials (id, grant_id, person_id, jti, client_address, account_uid, issued_at, expires_at)
      SELECT ${newId('credential')}, ${grantId}, ${personId}, ${issued.jti}, ${call.origin.clientAddress},
        ${call.grant.account?.uid ?? null}, clock_timestamp(), ${issued.expiresAt.toISOString()}::timestamptz
      FROM active),
    recorded AS (${insertEvents([event], Prisma.sql`EXISTS (SELECT FROM active)`)})
    SELECT ${send} FROM active`
  if (handedOver.length === 0)
    throw new AppError('conflict', 'The access has ended. Submit a new request if you still need it.')
  countRecorded([event])
}

/**
 * Notifies the waiting caller that there is no credential, and why. A refusal is recorded; a failing cluster is not.
 * @param actor who placed the order; the worker if that is unknown because the order's signature is invalid
 */
export async function saveProblem(order: TakenOrder, actor: Actor, { code, sentence }: Problem): Promise<void> {
  const problem: Problem = { code, sentence: sentence.slice(0, longestSentence).toWellFormed() }
  await transaction(async (tx) => {
    await recordProblem(tx, order, actor, problem)
    await notifyProblem(tx, order.id, problem)
  })
}

/** Records why a credential was refused. A failing cluster is not recorded. */
export async function recordProblem(tx: Tx, call: CredentialCall, actor: Actor, problem: Problem): Promise<void> {
  if (problem.code === 'unavailable') return
  const about = aboutOf(call)
  const event: NewAuditEvent = call.signatureFailure
    ? { type: 'record.rejected', actor, data: call.signatureFailure, about }
    : { type: 'credential.refused', actor, data: problem, about }
  await recordEvents(tx, [event])
}

/** The answer that a worker seals, signed: anyone who can read the order could encrypt to its public key. */
export const signedAnswer = (answer: AnswerRecord): Signed<AnswerRecord> => ({
  ...answer,
  signature: signatureOf('answer', answerStatement(answer)),
})

/** Does this answer have a valid signature of a worker? */
export const isWorkersAnswer = (answer: Signed<AnswerRecord>): boolean =>
  whyNotSigned(signingKeys(), 'answer', () => answerStatement(answer), answer.signature) === null

export type GrantToIssue = {
  requestId: string
  requesterId: string
  approverGroups: string[]
  deciderIds: string[]
  cluster: string
  namespaces: string[]
  policyHash: string
  status: GrantStatus
  expiresAt: Date | null
  now: Date
}

/** The facts that decide whether a person may get a credential of this grant. */
export async function gatherGrantToIssue(tx: Tx, grantId: string): Promise<GrantToIssue | undefined> {
  const [row] = await tx.$queryRaw<GrantToIssue[]>`
    SELECT g.request_id AS "requestId", r.requester_id AS "requesterId", r.approver_groups AS "approverGroups",
      ARRAY(SELECT d.person_id FROM decisions d WHERE d.request_id = r.id) AS "deciderIds", g.cluster, r.namespaces,
      r.policy_hash AS "policyHash", g.status, g.expires_at AS "expiresAt", clock_timestamp() AS now
    FROM grants g JOIN requests r ON r.id = g.request_id WHERE g.id = ${grantId}`
  return row
}
