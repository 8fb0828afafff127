import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { afterAll } from 'vitest'
import { resources, toObjects } from '#lib/core/admission/policy'
import { type AdmissionFacts, renderAdmission } from '#lib/core/admission/render'
import { kubectlAsAdmin } from '#local/parts/kubectl'
import { ownCluster } from './own-cluster.ts'
import { until } from './until.ts'

export type Answer = { status: number; body: { [key: string]: unknown; message?: string }; warnings: string[] }
export type Call = (method: string, path: string, body?: unknown) => Promise<Answer>

/** Plain HTTPS, so that no client library decides what is sent. */
function caller(server: string, ca: Buffer, credential: { token: string } | { cert: Buffer; key: Buffer }): Call {
  const agent = new Agent({ keepAlive: true, maxSockets: 8, ca, ...('token' in credential ? {} : credential) })
  afterAll(() => agent.destroy())
  const headers = {
    'content-type': 'application/json',
    ...('token' in credential ? { authorization: `Bearer ${credential.token}` } : {}),
  }
  return (method, path, body) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const isPatch = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {}
    const sent = request(new URL(path, server), { method, agent, headers: { ...headers, ...isPatch } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        // Each warning is `299 - "text"`.
        const warnings = [...(response.headersDistinct.warning ?? [])].flatMap((line) => line.split(/, (?=299 )/))
        const json = text.startsWith('{') ? JSON.parse(text) : { message: text }
        resolve({ status: response.statusCode ?? 0, body: json, warnings })
      })
    })
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
    return promise
  }
}

export type AdmissionCluster = {
  /** With the token of Postern's own ServiceAccount, which deploy/rbac.yaml creates. */
  asPostern: Call
  asAdmin: Call
  /** With another token. */
  withToken(token: string): Call
  kubectl(args: string[], input?: string): Promise<string>
  /** Installs the admission policies of a configuration, and waits until the API server enforces them. */
  install(facts: AdmissionFacts): Promise<void>
}

/**
 * A cluster of this test file's own, because admission policies apply to a whole cluster. It takes the place of the cluster
 * of the test parts, so that all other helpers use it. Call it once per file, before anything else.
 */
export async function admissionCluster(): Promise<AdmissionCluster> {
  const cluster = await ownCluster('admission')
  const { server, caFile, certificates, posternKubeconfig } = cluster
  const ca = readFileSync(caFile)
  const { admin } = certificates
  const asAdmin = caller(server, ca, { cert: readFileSync(admin.cert), key: readFileSync(admin.key) })
  const asPostern = caller(server, ca, { token: tokenIn(readFileSync(posternKubeconfig, 'utf8')) })
  const asKubectl = (args: string[], input?: string) => kubectlAsAdmin(cluster, args, input)
  const install = async (facts: AdmissionFacts) => {
    const apply = (items: readonly object[]) =>
      asKubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    await apply(renderAdmission(facts))
    // NB: the API server reads its policies once a second, all that exist by then. Once it denies what this last policy
    // forbids, it knows all others.
    const marker = `marker-${randomBytes(6).toString('hex')}`
    const expression = `object.metadata.name != '${marker}'`
    await apply(
      toObjects(
        {
          ...{ name: marker, description: 'For tests.' },
          resourceRules: [resources([''], ['configmaps'], ['CREATE'])],
          validations: [{ expression, message: 'The policies are known.' }],
        },
        () => '',
      ).map((object) => ({ ...object, metadata: { name: marker } })),
    )
    const isDenied = async () => {
      const body = { metadata: { name: marker } }
      return (await asAdmin('POST', '/api/v1/namespaces/payments/configmaps?dryRun=All', body)).status === 403
    }
    await until('the API server knows the policies', isDenied, 60_000)
  }
  return { asPostern, asAdmin, withToken: (token) => caller(server, ca, { token }), kubectl: asKubectl, install }
}

function tokenIn(kubeconfig: string): string {
  const token = /token"?: ?"?([\w.-]+)/.exec(kubeconfig)?.[1]
  if (!token) throw new Error('the kubeconfig has no token')
  return token
}
