import { CompactEncrypt, importJWK } from 'jose'
import { ClusterError } from '#lib/adapters/cluster/errors'
import { underReference } from '#lib/adapters/cluster/reference'
import { type IssuedToken, requestToken } from '#lib/adapters/cluster/tokens'
import type { About } from '#lib/adapters/db/audit/audit'
import { db } from '#lib/adapters/db/client'
import {
  type CredentialCall,
  maxNotificationBytes,
  type Problem,
  recordCall,
  recordProblem,
  saveIssued,
  saveProblem,
  signedAnswer,
  type TakenOrder,
  takeOrder,
  unansweredOrders,
} from '#lib/adapters/db/grants/credential-orders'
import { signGrantToken } from '#lib/adapters/db/grants/grant-tokens'
import type { Issued } from '#lib/adapters/db/grants/issue-here'
import type { Configuration } from '#lib/adapters/policy/configuration'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { isAmong } from '#lib/core/access/entitlement'
import { AppError } from '#lib/core/access/errors'
import { idSchema } from '#lib/core/access/ids'
import { tokenSeconds } from '#lib/core/grants/token-lifetime'
import type { AnswerRecord } from '#lib/core/signing/statements'
import type { Signed } from '#lib/core/signing/verify-records'
import { log } from '#lib/observability/log'
import { inSpan } from '#lib/observability/traces'
import { clientFor } from './clusters.ts'
import { workerActor } from './work.ts'

/**
 * Why an order is refused. It is judged again where the token is requested, because neither the process that placed it nor
 * the database is trusted.
 */
function whyRefused(
  { person, grant, signatureFailure }: CredentialCall,
  { entitlements }: Configuration,
): Problem | null {
  const conflict = (sentence: string): Problem => ({ code: 'conflict', sentence })
  // An order or a grant that Postern did not write yields no token.
  if (signatureFailure) return { code: 'forbidden', sentence: signatureFailure.sentence }
  // Only the holder gets a credential.
  if (person.id !== grant.requesterId)
    return { code: 'forbidden', sentence: 'Only the holder can get a credential for this access.' }
  // No credential before access is active or after its end.
  if (grant.status !== 'active' || grant.secondsLeft <= 0) return conflict('The access is not active.')
  // A holder who is no longer eligible gets no new credential.
  const entitlement = entitlements.find(({ name }) => name === grant.entitlementName)
  if (!entitlement || !isAmong(entitlement.who, person)) {
    return {
      code: 'forbidden',
      sentence: 'You are no longer eligible for this access, so no credential can be issued.',
    }
  }
  return null
}

/** The response also has the certificate authority, which the process that serves pages need not know. */
async function encrypt(credential: Signed<AnswerRecord>, order: TakenOrder): Promise<string> {
  const key = await importJWK(order.publicKey, 'ECDH-ES')
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(credential)))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM' })
    .encrypt(key)
}

/** Signs a token for a grant without a ServiceAccount, if Postern is still the token webhook of its cluster. */
async function vouchFor(
  { grant: { id, cluster, secondsLeft } }: CredentialCall,
  configuration: Configuration,
): Promise<{ issued: IssuedToken; answer: Issued } | { problem: Problem }> {
  const { clusters, publicUrl } = configuration
  if (!clusters.find(({ name }) => name === cluster)?.webhookAuthentication) {
    const sentence = `The cluster ${cluster} no longer accepts tokens of Postern. End this access and request it again.`
    return { problem: { code: 'conflict', sentence } }
  }
  const { certificateAuthority = null } = await clientFor(configuration, cluster)
  const issued = await signGrantToken({ publicUrl, cluster, grantId: id }, secondsLeft)
  const { token, jti, expiresAt } = issued
  return { issued, answer: { token, jti, expiresAt: expiresAt.toISOString(), certificateAuthority } }
}

/** Requests a token of the grant's own ServiceAccount, unless the call is refused. Nothing is recorded yet. */
async function requestFor(
  call: CredentialCall,
): Promise<{ issued: IssuedToken; answer: Issued } | { problem: Problem }> {
  const { configuration } = currentPolicy()
  const problem = whyRefused(call, configuration)
  if (problem) return { problem }
  const { cluster, account, secondsLeft, subject } = call.grant
  if (subject === 'User') return vouchFor(call, configuration)
  if (!account) return { problem: { code: 'conflict', sentence: 'The access is not active.' } }
  const client = await clientFor(configuration, cluster)
  const issued = await requestToken(client, account, tokenSeconds(secondsLeft))
  const { token, jti, expiresAt } = issued
  const certificateAuthority = client.certificateAuthority ?? null
  return { issued, answer: { token, jti, expiresAt: expiresAt.toISOString(), certificateAuthority } }
}

async function issue(order: TakenOrder, actor: PersonActor): Promise<Problem | null> {
  const requested = await requestFor(order)
  if ('problem' in requested) return requested.problem
  const jwe = await encrypt(signedAnswer({ order: order.id, ...requested.answer }), order)
  if (jwe.length > maxNotificationBytes - 200) {
    const sentence = `The certificate authority of ${order.grant.cluster} is too long to send: set publicCa in the configuration.`
    return { code: 'unavailable', sentence }
  }
  await saveIssued(order, actor, requested.issued, { order: order.id, jwe })
  return null
}

function problemOf(error: unknown): Problem {
  if (error instanceof AppError && error.code === 'conflict') return { code: 'conflict', sentence: error.message }
  if (error instanceof ClusterError) return { code: 'unavailable', sentence: error.message }
  return { code: 'unavailable', sentence: "Postern couldn't issue a credential. Try again in a moment." }
}

/** Issues a credential in the name of its caller. What fails is a problem for them, with its cause in the log. */
async function attempt<T>(
  { origin: { reference }, grant }: Pick<CredentialCall, 'origin' | 'grant'>,
  work: () => Promise<T | { problem: Problem }>,
): Promise<T | { problem: Problem }> {
  const attributes = {
    'postern.reference': reference,
    'postern.grant.id': grant.id,
    'k8s.cluster.name': grant.cluster,
  }
  try {
    return await inSpan('fulfill order', { kind: 'root', attributes }, () => underReference(reference, work))
  } catch (error) {
    log.warn({ reference, grant: grant.id, err: error }, 'no credential issued')
    return { problem: problemOf(error) }
  }
}

/** Who a refusal is recorded of: the worker where a record of the call is not Postern's. */
const refusedActor = (call: CredentialCall, actor: PersonActor) => (call.signatureFailure ? workerActor() : actor)

/**
 * Fulfills one order for a credential, unless another worker took it: requests a token from the cluster, records its id,
 * and sends it encrypted, so that only the process that placed the order can read it.
 */
export async function fulfillOrder(id: string): Promise<void> {
  if (!idSchema('order').safeParse(id).success) return
  const order = await takeOrder(id)
  if (!order?.isFresh) return
  const actor: PersonActor = { kind: 'person', person: order.person, roles: [], origin: order.origin }
  const { problem } = await attempt(order, async () => ({ problem: await issue(order, actor) }))
  if (problem) await saveProblem(order, refusedActor(order, actor), problem)
}

/** Issues a credential to a caller in this process. Its records are judged like those of an order. */
export async function issueHere(
  actor: PersonActor,
  grantId: string,
  about: About,
): Promise<Issued | { problem: Problem }> {
  try {
    const call = await recordCall(actor, grantId, about)
    const outcome = await attempt(call, async () => {
      const requested = await requestFor(call)
      if ('problem' in requested) return requested
      await saveIssued(call, actor, requested.issued, null)
      return requested.answer
    })
    if ('problem' in outcome) await recordProblem(db(), call, refusedActor(call, actor), outcome.problem)
    return outcome
  } catch (error) {
    // The database is unavailable, so not even the refusal is recorded.
    log.warn({ reference: actor.origin.reference, grant: grantId, err: error }, 'no credential issued')
    return { problem: problemOf(error) }
  }
}

/** Fulfills orders that were placed while no worker was listening. */
export async function fulfillUnansweredOrders(): Promise<void> {
  for (const id of await unansweredOrders()) await fulfillOrder(id)
}
