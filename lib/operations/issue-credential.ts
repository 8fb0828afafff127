import { readFile } from 'node:fs/promises'
import { compactDecrypt, exportJWK, generateKeyPair } from 'jose'
import { stringify } from 'yaml'
import { type About, clip, refuse } from '#lib/adapters/db/audit/audit'
import { db } from '#lib/adapters/db/client'
import { awaitAnswer } from '#lib/adapters/db/grants/await-answer'
import {
  cancelOrder,
  type GrantToIssue,
  gatherGrantToIssue,
  isWorkersAnswer,
  placeOrder,
} from '#lib/adapters/db/grants/credential-orders'
import { type Issued, issuerHere } from '#lib/adapters/db/grants/issue-here'
import { newId } from '#lib/adapters/db/ids'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import type { IssuedCredential } from '#lib/core/access/credential-resource'
import { AppError, notFound } from '#lib/core/access/errors'
import { idSchema } from '#lib/core/access/ids'
import { mayIssueCredential } from '#lib/core/access/may-act'
import { maySee } from '#lib/core/access/may-see'
import type { AnswerRecord } from '#lib/core/signing/statements'
import type { Signed } from '#lib/core/signing/verify-records'

/** The worker gives up on a cluster after ten seconds; waiting any longer would be in vain. */
const patienceMs = 10_000

/** Only the holder gets a credential, and only while the grant is active. */
async function grantToIssueFor(actor: PersonActor, grantId: string): Promise<GrantToIssue> {
  const grant = idSchema('grant').safeParse(grantId).success ? await gatherGrantToIssue(db(), grantId) : undefined
  if (!grant) throw notFound()
  const may = mayIssueCredential(actor, grant, grant, grant.now)
  if (may.may) return grant
  const isHolder = grant.requesterId === actor.person.id
  const forbidden = maySee(actor, grant) ? new AppError('forbidden', may.why) : notFound()
  const error = isHolder ? new AppError('conflict', may.why) : forbidden
  const { requestId, requesterId, cluster, namespaces, policyHash } = grant
  const about = { requestId, grantId, personId: requesterId, cluster, namespaces, policyHash }
  const data = { code: error.code, sentence: clip(may.why) }
  return refuse(error, { type: 'credential.refused', actor, data, about })
}

/** A kubeconfig for `kubectl` without further set-up: one cluster, one user, one context. */
async function kubeconfigFor(grant: GrantToIssue, token: string, authority: string | null): Promise<string> {
  const cluster = currentPolicy().configuration.clusters.find(({ name }) => name === grant.cluster)
  if (!cluster) throw new AppError('unavailable', `The cluster ${grant.cluster} is no longer in the configuration.`)
  const ca = cluster.publicCa ? await readFile(cluster.publicCa, 'utf8') : authority
  const name = `postern-${cluster.name}`
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [
        {
          name,
          cluster: {
            server: cluster.publicServer,
            ...(ca ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') } : {}),
          },
        },
      ],
      contexts: [{ name, context: { cluster: name, user: name, namespace: grant.namespaces[0] ?? 'default' } }],
      users: [{ name, user: { token } }],
    },
    { lineWidth: 0 },
  )
}

async function decryptResponse(jwe: string, privateKey: CryptoKey): Promise<Signed<AnswerRecord>> {
  try {
    const { plaintext } = await compactDecrypt(jwe, privateKey, {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    return JSON.parse(new TextDecoder().decode(plaintext)) as Signed<AnswerRecord>
  } catch {
    // NB: without a cause, because the response may still contain a token.
    throw new AppError('unavailable', "The worker's response couldn't be decrypted. Try again in a moment.")
  }
}

/**
 * Orders a credential from a worker of another process. It requests the token and encrypts it to a key that exists in this
 * call only, so that no token is ever at rest.
 * NB: not inside a transaction: the worker sees the order only after it is committed.
 */
async function order(actor: PersonActor, grantId: string, about: About, placedAt: Date): Promise<Issued> {
  const { publicKey, privateKey } = await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true })
  const id = newId('order')
  const placed = { id, actor, grantId, publicKey: await exportJWK(publicKey), about, placedAt }
  const answer = await awaitAnswer(id, () => placeOrder(db(), placed), patienceMs, cancelOrder)
  if ('problem' in answer) throw new AppError(answer.problem.code, answer.problem.sentence)
  const response = await decryptResponse(answer.jwe, privateKey)
  // Only a response that a worker signed for this very order is handed on.
  if (!isWorkersAnswer(response) || response.order !== id)
    throw new AppError('unavailable', "The response wasn't signed by a worker for this request. Try again.")
  return response
}

/**
 * Issues a credential for an active grant to its holder: by the worker of this process, or else by one of another process
 * (decision record: credentials through the worker).
 * @throws AppError `not-found`, `forbidden`, `conflict` (all recorded), `unavailable` when no worker responds in time
 */
export async function issueCredential(actor: PersonActor, grantId: string): Promise<IssuedCredential> {
  const grant = await grantToIssueFor(actor, grantId)
  const { requestId, requesterId, cluster, namespaces, policyHash } = grant
  const about = { requestId, grantId, personId: requesterId, cluster, namespaces, policyHash }
  const issueHere = issuerHere()
  const issued = issueHere ? await issueHere(actor, grantId, about) : await order(actor, grantId, about, grant.now)
  if ('problem' in issued) throw new AppError(issued.problem.code, issued.problem.sentence)
  const { token, jti, expiresAt, certificateAuthority } = issued
  return { token, jti, expiresAt, kubeconfig: await kubeconfigFor(grant, token, certificateAuthority) }
}
