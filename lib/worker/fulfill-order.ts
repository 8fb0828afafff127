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

/** Judged again where the token is made: neither the process that asks nor the database is believed. */
function whyNot({ person, grant, signatureFailure }: TakenOrder, { entitlements }: Configuration): Problem | null {
  const conflict = (sentence: string): Problem => ({ code: 'conflict', sentence })
  if (signatureFailure) return { code: 'forbidden', sentence: signatureFailure.sentence }
  if (person.id !== grant.requesterId)
    return { code: 'forbidden', sentence: 'Only the holder can get a credential for this access.' }
  if (grant.status !== 'active' || grant.secondsLeft <= 0) return conflict('The access is not active.')
  const entitlement = entitlements.find(({ name }) => name === grant.entitlementName)
  if (!entitlement || !isAmong(entitlement.who, person)) {
    return { code: 'forbidden', sentence: 'You may not ask for this access any more, so it gives no new credentials.' }
  }
  return null
}

/** Also the authority, which the process that serves pages need not know. */
async function seal(credential: Signed<AnswerRecord>, order: TakenOrder): Promise<string> {
  const key = await importJWK(order.publicKey, 'ECDH-ES')
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(credential)))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM' })
    .encrypt(key)
}

async function issue(order: TakenOrder, actor: PersonActor): Promise<Problem | null> {
  const { configuration } = currentPolicy()
  const problem = whyNot(order, configuration)
  if (problem) return problem
  const { cluster, account, secondsLeft } = order.grant
  if (!account) return { code: 'conflict', sentence: 'The access is not active.' }
  const client = await clientFor(configuration, cluster)
  const issued = await requestToken(client, { kind: 'ServiceAccount', ...account }, tokenSeconds(secondsLeft))
  const jwe = await seal(
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
    const sentence = `The certificate authority of ${cluster} is too long to hand over: set publicCa in the configuration.`
    return { code: 'unavailable', sentence }
  }
  await saveIssued(order, actor, issued, jwe)
  return null
}

function problemOf(error: unknown): Problem {
  if (error instanceof AppError && error.code === 'conflict') return { code: 'conflict', sentence: error.message }
  if (error instanceof ClusterError) return { code: 'unavailable', sentence: error.message }
  return { code: 'unavailable', sentence: 'Postern could not make a credential. Try again in a moment.' }
}

/**
 * Answers one order for a credential, if no other worker took it: asks the cluster for a token, records its id, and
 * hands it over sealed, so that it is nowhere in the clear but with whoever ordered it.
 */
export async function answerOrder(id: string): Promise<void> {
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
    problem = await inSpan('answer order', { kind: 'root', attributes }, () =>
      underReference(reference, () => issue(order, actor)),
    )
  } catch (error) {
    log.warn({ reference, grant: order.grant.id, err: error }, 'no credential')
    problem = problemOf(error)
  }
  if (problem) await saveProblem(order, order.signatureFailure ? workerActor() : actor, problem)
}

/** Answers what was ordered while nobody listened. */
export async function answerWaitingOrders(): Promise<void> {
  for (const id of await unansweredOrders()) await answerOrder(id)
}
