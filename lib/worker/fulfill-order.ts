import { CompactEncrypt, importJWK } from 'jose'
import { ClusterError } from '#lib/adapters/cluster/errors'
import { underReference } from '#lib/adapters/cluster/reference'
import { requestToken } from '#lib/adapters/cluster/tokens'
import {
  maxNotificationBytes,
  type Problem,
  saveIssued,
  saveProblem,
  signedAnswer,
  type TakenOrder,
  takeOrder,
  unansweredOrders,
} from '#lib/adapters/db/grants/credential-orders'
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
function whyRefused({ person, grant, signatureFailure }: TakenOrder, { entitlements }: Configuration): Problem | null {
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

async function issue(order: TakenOrder, actor: PersonActor): Promise<Problem | null> {
  const { configuration } = currentPolicy()
  const problem = whyRefused(order, configuration)
  if (problem) return problem
  const { cluster, account, secondsLeft } = order.grant
  if (!account) return { code: 'conflict', sentence: 'The access is not active.' }
  const client = await clientFor(configuration, cluster)
  const issued = await requestToken(client, { kind: 'ServiceAccount', ...account }, tokenSeconds(secondsLeft))
  const jwe = await encrypt(
    signedAnswer({
      order: order.id,
      token: issued.token,
      jti: issued.jti,
      expiresAt: issued.expiresAt.toISOString(),
      certificateAuthority: client.certificateAuthority ?? null,
    }),
    order,
  )
  if (jwe.length > maxNotificationBytes - 200) {
    const sentence = `The certificate authority of ${cluster} is too long to send: set publicCa in the configuration.`
    return { code: 'unavailable', sentence }
  }
  await saveIssued(order, actor, issued, jwe)
  return null
}

function problemOf(error: unknown): Problem {
  if (error instanceof AppError && error.code === 'conflict') return { code: 'conflict', sentence: error.message }
  if (error instanceof ClusterError) return { code: 'unavailable', sentence: error.message }
  return { code: 'unavailable', sentence: "Postern couldn't issue a credential. Try again in a moment." }
}

/**
 * Fulfills one order for a credential, unless another worker took it: requests a token from the cluster, records its id,
 * and sends it encrypted, so that only the process that placed the order can read it.
 */
export async function fulfillOrder(id: string): Promise<void> {
  if (!idSchema('order').safeParse(id).success) return
  const order = await takeOrder(id)
  if (!order?.isFresh) return
  const actor: PersonActor = { kind: 'person', person: order.person, roles: [], origin: order.origin }
  const { reference } = order.origin
  const attributes = {
    'postern.reference': reference,
    'postern.grant.id': order.grant.id,
    'k8s.cluster.name': order.grant.cluster,
  }
  let problem: Problem | null
  try {
    problem = await inSpan('fulfill order', { kind: 'root', attributes }, () =>
      underReference(reference, () => issue(order, actor)),
    )
  } catch (error) {
    log.warn({ reference, grant: order.grant.id, err: error }, 'no credential issued')
    problem = problemOf(error)
  }
  if (problem) await saveProblem(order, order.signatureFailure ? workerActor() : actor, problem)
}

/** Fulfills orders that were placed while no worker was listening. */
export async function fulfillUnansweredOrders(): Promise<void> {
  for (const id of await unansweredOrders()) await fulfillOrder(id)
}
