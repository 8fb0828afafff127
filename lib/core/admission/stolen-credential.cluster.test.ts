import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Id, makeId } from '#lib/core/access/ids'
import { grantObjects } from '#lib/core/grants/manifests'
import { compilePolicy, guardrailsSection } from '#lib/core/guardrails/section'
import { admissionCluster } from '#testing/admission-cluster'
import { anEntitlement } from '#testing/configuration'
import { admissionSection } from './section.ts'

const cluster = await admissionCluster()

const section = guardrailsSection.parse({
  guardrailPack: {
    'no-wildcards-in-prod': true,
    'no-secrets-in-bulk': true,
    'longest-duration': { max: { prod: 'PT1H' } },
  },
  guardrails: [
    {
      name: 'no-jobs',
      description: 'Jobs outlive grants.',
      when: "rules.exists(r, 'jobs' in r.resources)",
      effect: 'deny',
    },
    {
      name: 'no-pods-in-checkout',
      description: 'The pods of checkout belong to its team.',
      match: { namespaces: ['check*'] },
      when: "rules.exists(r, 'pods' in r.resources) // and nothing else",
      effect: 'deny',
    },
  ],
})
const compiled = compilePolicy(section, new Map())
if (!compiled.ok) throw new Error('the policy is invalid')

beforeAll(() =>
  cluster.install({
    cluster: { name: 'prod-eu', labels: { environment: 'prod' } },
    entitlements: [
      anEntitlement(),
      anEntitlement({ name: 'look', clusterRole: 'view', namespaces: ['payments'] }),
      anEntitlement({ name: 'labelled', namespaces: undefined, namespaceSelector: { team: 'search' } }),
    ],
    compiled: compiled.compiled,
    admission: admissionSection.parse({}),
  }),
)

// biome-ignore lint/suspicious/noExplicitAny: an attacker sends what the types do not allow
type Hostile = any
const digest = `sha256:${'0'.repeat(64)}`
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000)

/** The objects of a new grant, as the worker creates them. */
function grant({ namespace = 'payments', clusterRole = null as string | null, minutes = 30 } = {}) {
  const grantId: Id<'grant'> = makeId('grant', new Date(), randomBytes(10))
  const objects = grantObjects({
    subject: 'ServiceAccount',
    ...{ grantId, namespaces: [namespace], clusterRole, digest, expiresAt: inMinutes(minutes) },
    rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }],
    requester: { email: 'ada@example.com', subject: 'ada' },
    requestUrl: 'https://postern.example.com/requests/req_1',
  })
  return structuredClone(objects) as Hostile[]
}

const rbac = (namespace: string, kind: string) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/${kind}`
const core = (namespace: string, kind: string) => `/api/v1/namespaces/${namespace}/${kind}`
const grants = 'postern-grants'
const everything = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]

/** For the name eve. Its private key was not kept. */
const signingRequest =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISk1IQUNBUUF3RGpFTU1Bb0dBMVVFQXd3RFpYWmxNRmt3RXdZSEtvWkl6ajBDQVFZSUtvWkl6ajBEQVFjRApRZ0FFODlheVFoend5dnRNOFZEdSt4bXhjLzFwNDMrWDJLYmVBTW9LNVo4QUMzc3ZBS0NwRlBBUFlQajRMcVppCm1iNkVROVo0MldycUNjbUw1L3ZsRS9IRFVxQUFNQW9HQ0NxR1NNNDlCQU1DQTBrQU1FWUNJUUNJQlNVWWN3eEgKLzc0bXI1SkozZWNhVlZ6dkJQUm5VcEtrajgvc05NbVZPQUloQUxpaWp4ZVpEMW8xQ1F0UzM1NTZNUVJBeklhTQpRMXhiRHdybDZNR291anlMCi0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo='

type Attempt = { method: string; path: string; body?: Hostile }

const withAccount = (change: (account: Hostile) => void): Attempt => {
  const [account] = grant()
  change(account)
  return { method: 'POST', path: core(account.metadata.namespace, 'serviceaccounts'), body: account }
}
const withRole = (change: (role: Hostile) => void, facts = {}): Attempt => {
  const [, role] = grant(facts)
  change(role)
  return { method: 'POST', path: rbac(role.metadata.namespace, 'roles'), body: role }
}
const withRules = (rules: object[], facts = {}): Attempt =>
  withRole((role) => {
    role.rules = rules
  }, facts)
const withBinding = (change: (binding: Hostile) => void, facts = {}): Attempt => {
  const binding = grant(facts).at(-1)
  change(binding)
  return { method: 'POST', path: rbac(binding.metadata.namespace, 'rolebindings'), body: binding }
}
const token = (name: string, spec: object, namespace = grants): Attempt => ({
  method: 'POST',
  path: core(namespace, `serviceaccounts/${name}/token`),
  body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
})
const rule = (verbs: string[], resources: string[], apiGroups = ['']) => ({ apiGroups, resources, verbs })
const rbacRule = (verbs: string[], resources: string[]) => rule(verbs, resources, ['rbac.authorization.k8s.io'])

/** What a thief of the worker's credential could try, apart from requests that look exactly like a grant. */
const attempts: Record<string, () => Attempt> = {
  // Rules beyond the guardrails.
  'every permission': () => withRules(everything),
  'every verb on pods': () => withRules([rule(['*'], ['pods'])]),
  'every resource of the core group': () => withRules([rule(['get'], ['*'])]),
  'every API group': () => withRules([rule(['get'], ['pods'], ['*'])]),
  'the scale subresource of everything': () => withRules([rule(['get'], ['*/scale'], ['apps'])]),
  'reading all Secrets': () => withRules([rule(['list'], ['secrets'])]),
  'reading any Secret': () => withRules([rule(['get'], ['secrets'])]),
  'creating RoleBindings': () => withRules([rbacRule(['create'], ['rolebindings'])]),
  'changing Roles': () => withRules([rbacRule(['patch'], ['roles'])]),
  'the verb escalate': () => withRules([rbacRule(['escalate'], ['roles'])]),
  'the verb bind': () => withRules([rbacRule(['bind'], ['clusterroles'])]),
  'the verb impersonate': () => withRules([rule(['impersonate'], ['serviceaccounts'])]),
  'a constrained impersonation': () =>
    withRules([rule(['impersonate:user-info'], ['users'], ['authentication.k8s.io'])]),
  'creating tokens': () => withRules([rule(['create'], ['serviceaccounts/token'])]),
  'creating tokens by a wildcard': () => withRules([rule(['create'], ['*/token'])]),
  'changing ServiceAccounts': () => withRules([rule(['update'], ['serviceaccounts'])]),
  'a forbidden rule after a permitted one': () =>
    withRules([rule(['get'], ['pods']), rule(['get'], ['jobs'], ['batch'])]),
  'a guardrail of the policy': () => withRules([rule(['create'], ['jobs'], ['batch'])]),
  'a guardrail about a namespace': () => withRules([rule(['get'], ['pods'])], { namespace: 'checkout' }),
  // Places where nothing is offered.
  'a Role in kube-system': () => withRole(() => {}, { namespace: 'kube-system' }),
  'a Role in the namespace of Postern': () => withRole(() => {}, { namespace: 'postern-system' }),
  'a Role in the namespace of the grants': () => withRole(() => {}, { namespace: grants }),
  'a Role in a namespace that no entitlement offers': () => withRole(() => {}, { namespace: 'observability' }),
  'a RoleBinding in kube-system': () => withBinding(() => {}, { namespace: 'kube-system' }),
  'a RoleBinding in the namespace of the grants': () => withBinding(() => {}, { namespace: grants }),
  'a ServiceAccount in payments': () =>
    withAccount((account) => Object.assign(account.metadata, { namespace: 'payments' })),
  'a ServiceAccount in kube-system': () =>
    withAccount((account) => Object.assign(account.metadata, { namespace: 'kube-system' })),
  // Another end.
  'no end': () => withRole((role) => delete role.metadata.annotations['postern.dev/expires-at']),
  'an end in the past': () => withRole(() => {}, { minutes: -5 }),
  'an end beyond the longest duration': () => withRole(() => {}, { minutes: 24 * 60 }),
  'an end in a thousand years': () =>
    withRole((role) => Object.assign(role.metadata.annotations, { 'postern.dev/expires-at': '3026-01-01T00:00:00Z' })),
  'an end that is not a time': () =>
    withRole((role) => Object.assign(role.metadata.annotations, { 'postern.dev/expires-at': 'never' })),
  'an end beyond what a guardrail allows here': () => withRole(() => {}, { minutes: 100 }),
  'a RoleBinding without an end': () =>
    withBinding((binding) => delete binding.metadata.annotations['postern.dev/expires-at']),
  'a ServiceAccount without an end': () =>
    withAccount((account) => delete account.metadata.annotations['postern.dev/expires-at']),
  // Another shape.
  'no labels': () => withRole((role) => delete role.metadata.labels),
  'no label of a grant': () => withRole((role) => delete role.metadata.labels['postern.dev/grant']),
  'the label of another grant': () =>
    withRole((role) =>
      Object.assign(role.metadata.labels, { 'postern.dev/grant': grant()[0].metadata.labels['postern.dev/grant'] }),
    ),
  'another manager': () =>
    withRole((role) => Object.assign(role.metadata.labels, { 'app.kubernetes.io/managed-by': 'helm' })),
  'no digest of the terms': () => withRole((role) => delete role.metadata.annotations['postern.dev/digest']),
  'a digest that is none': () =>
    withRole((role) => Object.assign(role.metadata.annotations, { 'postern.dev/digest': 'sha256:0' })),
  'no annotations': () => withBinding((binding) => delete binding.metadata.annotations),
  'another name': () => withRole((role) => Object.assign(role.metadata, { name: 'admin' })),
  'a generated name': () =>
    withRole((role) => {
      role.metadata.generateName = 'postern-'
      delete role.metadata.name
    }),
  'a finalizer': () => withRole((role) => Object.assign(role.metadata, { finalizers: ['example.com/keep'] })),
  'a ServiceAccount with a finalizer': () =>
    withAccount((account) => Object.assign(account.metadata, { finalizers: ['example.com/keep'] })),
  'an owner': () =>
    withRole((role) =>
      Object.assign(role.metadata, { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'x' }] }),
    ),
  'a mounted token': () => withAccount((account) => Object.assign(account, { automountServiceAccountToken: true })),
  'a token by default': () => withAccount((account) => delete account.automountServiceAccountToken),
  'a ServiceAccount with a Secret': () =>
    withAccount((account) => Object.assign(account, { secrets: [{ name: 'x' }] })),
  'a ServiceAccount with a pull secret': () =>
    withAccount((account) => Object.assign(account, { imagePullSecrets: [{ name: 'x' }] })),
  // Someone else gets the access.
  ...Object.fromEntries(
    [
      { kind: 'User', name: 'eve', apiGroup: 'rbac.authorization.k8s.io' },
      { kind: 'Group', name: 'system:authenticated', apiGroup: 'rbac.authorization.k8s.io' },
      { kind: 'Group', name: `system:serviceaccounts:${grants}`, apiGroup: 'rbac.authorization.k8s.io' },
      { kind: 'ServiceAccount', name: 'postern', namespace: 'postern-system' },
      { kind: 'ServiceAccount', name: 'default', namespace: 'payments' },
      { kind: 'ServiceAccount', name: 'default', namespace: grants },
    ].map((subject) => [
      `the subject ${subject.kind} ${subject.namespace ?? ''} ${subject.name}`,
      () => withBinding((binding) => Object.assign(binding, { subjects: [subject] })),
    ]),
  ),
  'a second subject': () =>
    withBinding((binding) =>
      binding.subjects.push({ kind: 'User', name: 'eve', apiGroup: 'rbac.authorization.k8s.io' }),
    ),
  'no subject': () => withBinding((binding) => Object.assign(binding, { subjects: [] })),
  'the ServiceAccount of another grant': () =>
    withBinding((binding) => Object.assign(binding.subjects[0], { name: grant()[0].metadata.name })),
  // Another role.
  ...Object.fromEntries(
    ['cluster-admin', 'admin', 'edit', 'system:node'].map((name) => [
      `the ClusterRole ${name}`,
      () => withBinding((binding) => Object.assign(binding.roleRef, { kind: 'ClusterRole', name })),
    ]),
  ),
  'the Role of another grant': () =>
    withBinding((binding) => Object.assign(binding.roleRef, { name: grant()[0].metadata.name })),
  'a Role that someone else created': () =>
    withBinding((binding) => Object.assign(binding.roleRef, { name: 'developers' })),
  // Tokens.
  'a token for a day': () => token(live, { expirationSeconds: 86_400 }),
  'a token that Kubernetes extends to a year': () => token(live, { expirationSeconds: 3607 }),
  'a token for Postern itself': () => token('postern', { expirationSeconds: 600 }, 'postern-system'),
  'a token for a ServiceAccount of payments': () => token('default', { expirationSeconds: 600 }, 'payments'),
  'a token for the default ServiceAccount of the grants': () => token('default', { expirationSeconds: 600 }),
  // Other objects.
  'a ClusterRoleBinding': () => ({
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    body: {
      ...{
        metadata: { name: 'eve' },
        subjects: [{ kind: 'User', name: 'eve', apiGroup: 'rbac.authorization.k8s.io' }],
      },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    },
  }),
  'a ClusterRole': () => ({
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    body: { metadata: { name: 'eve' }, rules: everything },
  }),
  'a ClusterRole that is added to view': () => ({
    method: 'POST',
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    body: {
      metadata: { name: 'eve', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
      rules: everything,
    },
  }),
  'a Secret with a token': () => ({
    method: 'POST',
    path: core(grants, 'secrets'),
    body: {
      type: 'kubernetes.io/service-account-token',
      metadata: { name: 'eve', annotations: { 'kubernetes.io/service-account.name': live } },
    },
  }),
  'a pod in payments': () => ({
    method: 'POST',
    path: core('payments', 'pods'),
    body: { metadata: { name: 'eve' }, spec: { containers: [{ name: 'a', image: 'example.com/a' }] } },
  }),
  'a namespace': () => ({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'eve' } } }),
  'a label of a namespace': () => ({
    method: 'PATCH',
    path: '/api/v1/namespaces/observability',
    body: { metadata: { labels: { team: 'search' } } },
  }),
  'a wider Role of a live grant': () => ({
    method: 'PATCH',
    path: rbac('payments', `roles/${live}`),
    body: { rules: everything },
  }),
  'another subject of a live grant': () => ({
    method: 'PATCH',
    path: rbac('payments', `rolebindings/${live}`),
    body: { subjects: [{ kind: 'User', name: 'eve', apiGroup: 'rbac.authorization.k8s.io' }] },
  }),
  'a later end of a live grant': () => ({
    method: 'PATCH',
    path: rbac('payments', `roles/${live}`),
    body: { metadata: { annotations: { 'postern.dev/expires-at': '3026-01-01T00:00:00Z' } } },
  }),
  'deleting someone else’s RoleBinding': () => ({
    method: 'DELETE',
    path: rbac('payments', 'rolebindings/postern-granter'),
  }),
  'deleting a ServiceAccount of payments': () => ({
    method: 'DELETE',
    path: core('payments', 'serviceaccounts/default'),
  }),
  'deleting all RoleBindings of a namespace': () => ({ method: 'DELETE', path: rbac('payments', 'rolebindings') }),
  'a webhook': () => ({
    method: 'POST',
    path: '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
    body: { metadata: { name: 'eve' }, webhooks: [] },
  }),
  'a certificate': () => ({
    method: 'POST',
    path: '/apis/certificates.k8s.io/v1/certificatesigningrequests',
    body: {
      metadata: { name: 'eve' },
      spec: { request: signingRequest, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] },
    },
  }),
}

/** The name of a live grant's objects. */
let live = ''
const create = async (objects: Hostile[]) => {
  const answers = []
  for (const object of objects) {
    const { kind, metadata } = object
    const path = kind === 'ServiceAccount' ? core : rbac
    const plural = { ServiceAccount: 'serviceaccounts', Role: 'roles', RoleBinding: 'rolebindings' }[kind as 'Role']
    answers.push(await cluster.asPostern('POST', path(metadata.namespace, plural), object))
  }
  return answers.map(({ status, body }) => (status === 201 ? status : body.message))
}
beforeAll(async () => {
  const objects = grant()
  expect(await create(objects)).toEqual([201, 201, 201])
  live = objects[0].metadata.name
})

const names = Object.keys(attempts)
const policy = /^.*ValidatingAdmissionPolicy '(postern-[\w-]+)' with binding '\1' denied request/

describe('promise 13: a stolen credential of the worker grants nothing beyond the guardrails', () => {
  test('what the worker does for a grant is allowed', async () => {
    expect(await create(grant({ clusterRole: 'view' }))).toEqual([201, 201])
    expect(await create(grant({ namespace: 'checkout', minutes: 60 }))).toEqual([201, 201, 201])
    const { path: tokenPath, body } = token(live, { expirationSeconds: 3600 })
    expect((await cluster.asPostern('POST', tokenPath, body)).status).toBe(201)
    const objects = grant()
    await create(objects)
    const [, , binding] = objects
    const path = rbac('payments', `rolebindings/${binding.metadata.name}`)
    expect((await cluster.asPostern('DELETE', path)).status).toBe(200)
  })

  test(`with the permissions of deploy/rbac.yaml, each of ${names.length} attempts is refused`, async () => {
    expect(names.length).toBeGreaterThanOrEqual(50)
    const allowed: string[] = []
    for (const name of names) {
      const { method, path, body } = (attempts[name] as () => Attempt)()
      const { status } = await cluster.asPostern(method, path, body)
      if (status < 400 || status >= 500) allowed.push(`${name}: ${status}`)
    }
    expect(allowed).toEqual([])
  })

  test('even as cluster-admin, each attempt is refused by a policy', async () => {
    await cluster.kubectl([
      ...['create', 'clusterrolebinding', 'stolen', '--clusterrole=cluster-admin'],
      '--serviceaccount=postern-system:postern',
    ])
    const isAdmin = async () => (await cluster.asPostern('GET', '/api/v1/nodes')).status === 200
    await expect.poll(isAdmin, { timeout: 60_000 }).toBe(true)
    const allowed: string[] = []
    for (const name of names) {
      const { method, path, body } = (attempts[name] as () => Attempt)()
      const answer = await cluster.asPostern(method, path, body)
      if (answer.status < 400 || !policy.test(answer.body.message ?? '')) {
        allowed.push(`${name}: ${answer.status} ${answer.body.message}`)
      }
    }
    await cluster.kubectl(['delete', 'clusterrolebinding', 'stolen'])
    expect(allowed).toEqual([])
  })
})
