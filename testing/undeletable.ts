import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ObjectKey } from '#lib/core/grants/manifests'
import { loopbackServer } from '#local/parts/certificates'
import { kubectl } from './kubectl.ts'
import { until } from './until.ts'

const resources = { ServiceAccount: 'serviceaccounts', Role: 'roles', RoleBinding: 'rolebindings' } as const
const apiVersion = 'admissionregistration.k8s.io/v1'

/**
 * From now on the API server refuses to delete this object, as an admission policy of a company might. Resolves once it
 * does, to a function that allows the deletion again.
 */
export async function refuseDeletion({ kind, namespace, name }: ObjectKey): Promise<() => Promise<void>> {
  const policy = `keep-${randomBytes(4).toString('hex')}`
  const isThis = `request.namespace == '${namespace}' && request.name == '${name}'`
  const objects = [
    {
      ...{ apiVersion, kind: 'ValidatingAdmissionPolicy', metadata: { name: policy } },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            {
              ...{ apiGroups: ['', 'rbac.authorization.k8s.io'], apiVersions: ['v1'] },
              ...{ operations: ['DELETE'], resources: [resources[kind]] },
            },
          ],
        },
        matchConditions: [{ name: 'this-object', expression: isThis }],
        validations: [{ expression: 'false', message: 'nothing is deleted on a Friday' }],
      },
    },
    {
      ...{ apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata: { name: policy } },
      spec: { policyName: policy, validationActions: ['Deny'] },
    },
  ]
  await kubectl(['create', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) })
  const isRefused = () =>
    kubectl(['delete', resources[kind], name, '-n', namespace, '--dry-run=server']).then(
      () => false,
      (error) => /on a Friday/.test(String(error)),
    )
  await until(`the API server refuses to delete ${kind} ${namespace}/${name}`, isRefused)
  return async () => {
    const kinds = 'validatingadmissionpolicybinding,validatingadmissionpolicy'
    await kubectl(['delete', kinds, policy])
    await until('the API server allows the deletion again', async () => !(await isRefused()))
  }
}

/**
 * From now on the API server does not respond to a deletion of this object for 30 seconds, because an admission webhook
 * hangs. Resolves to a function that allows the deletion again.
 *
 * NB: the webhook completes the TLS handshake. Otherwise the API server gives up after 10 seconds, which is Postern's own
 * limit too, and sometimes answers first.
 */
export async function hangDeletion({ kind, namespace, name }: ObjectKey): Promise<() => Promise<void>> {
  let isCalled = false
  const { ca, cert, key } = await loopbackServer('hanging-webhook')
  const server = createServer({ cert, key }, () => {
    isCalled = true
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const webhook = `hang-${randomBytes(4).toString('hex')}`
  const isThis = `request.namespace == '${namespace}' && request.name == '${name}'`
  const configuration = {
    ...{ apiVersion, kind: 'ValidatingWebhookConfiguration', metadata: { name: webhook } },
    webhooks: [
      {
        ...{ name: 'hang.example.com', admissionReviewVersions: ['v1'], sideEffects: 'None' },
        ...{ failurePolicy: 'Fail', timeoutSeconds: 30 },
        clientConfig: {
          url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
          caBundle: Buffer.from(ca).toString('base64'),
        },
        matchConditions: [{ name: 'this-object', expression: isThis }],
        rules: [
          {
            ...{ apiGroups: ['', 'rbac.authorization.k8s.io'], apiVersions: ['v1'] },
            ...{ operations: ['DELETE'], resources: [resources[kind]] },
          },
        ],
      },
    ],
  }
  await kubectl(['create', '-f', '-'], { input: JSON.stringify(configuration) })
  const dryRun = ['delete', resources[kind], name, '-n', namespace, '--dry-run=server', '--request-timeout=1s']
  await until(`a deletion of ${kind} ${namespace}/${name} hangs`, async () => {
    await kubectl(dryRun).catch(() => {})
    return isCalled
  })
  return async () => {
    await kubectl(['delete', 'validatingwebhookconfiguration', webhook])
    server.close()
    server.closeAllConnections()
  }
}

/** Puts a finalizer on an object, or takes all of them off, as the cluster's administrator. */
export const setFinalizers = ({ kind, namespace, name }: ObjectKey, finalizers: readonly string[]) =>
  kubectl([
    ...['patch', resources[kind], name, '-n', namespace, '--type=merge'],
    ...['-p', JSON.stringify({ metadata: { finalizers } })],
  ])
