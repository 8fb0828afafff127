import { describe, expect, test } from 'vitest'
import { readPaste } from './paste.ts'

const codesOf = (text: string) => readPaste(text)?.notes.map(({ code }) => code)
const refusedTo = (user: string) =>
  `pods is forbidden: User "${user}" cannot list resource "pods" in API group "" in the namespace "shop"`
const inKubeSystem =
  'services is forbidden: User "j@x.io" cannot create resource "services" in API group "" in the namespace "kube-system": '

const table: [string, string][] = [
  [
    'gke',
    `${inKubeSystem}GKE Warden authz [denied by managed-namespaces-limitation]: the namespace "kube-system" is managed and the request's verb "create" is denied`,
  ],
  [
    'gke',
    `${inKubeSystem}GKEAutopilot authz: the namespace "kube-system" is managed and the request's verb "create" is denied`,
  ],
  [
    'gke',
    'Error: admission webhook "warden-validating.common-webhooks.networking.gke.io" denied the request: GKE Warden rejected the request because it violates one or more constraints.',
  ],
  [
    'scc',
    'pods "x-" is forbidden: unable to validate against any security context constraint: [provider "anyuid": Forbidden: not usable by user or serviceaccount, provider restricted-v2: .containers[0].runAsUser: Invalid value: 999: must be in the ranges: [1, 2]]',
  ],
  ['pod-security-policy', 'pods "x" is forbidden: unable to validate against any pod security policy: []'],
  [
    'webhook-unavailable',
    'Error from server (InternalError): error when creating "x.yaml": Internal error occurred: failed calling webhook "check.example.com": failed to call webhook: Post "https://check.tools.svc:443/validate?timeout=10s": context deadline exceeded',
  ],
  [
    'disruption-budget',
    `error when evicting pods/"web-0" -n "shop" (will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget.`,
  ],
  [
    'admission',
    'create Pod db-0 in StatefulSet db failed error: Pod "db-0" is invalid: spec.containers[0].securityContext.privileged: Forbidden: disallowed by cluster policy',
  ],
  ['quota-values', 'pods "x" is forbidden: failed quota: mem: must specify limits.cpu,limits.memory'],
  ['quota', 'pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1'],
  ['limit-range', 'pods "x" is forbidden: minimum memory usage per Pod is 100Mi, but request is 10Mi'],
  [
    'limit-range',
    'pods "x" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Pod is 1Gi, but limit is 2Gi]',
  ],
  [
    'limit-range',
    'persistentvolumeclaims "x" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 5Gi',
  ],
  [
    'limit-range',
    'pods "x" is forbidden: memory max limit to request ratio per Container is 2, but provided ratio is 4.000000',
  ],
  ['node-restriction', 'nodes "a" is forbidden: node "b" is not allowed to modify node "a"'],
  ['node-restriction', 'nodes "a" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/worker'],
  [
    'node-restriction',
    'pods "p" is forbidden: unexpected operation "UPDATE", node "n" can only create and delete mirror pods',
  ],
  [
    'escalation',
    'clusterroles.rbac.authorization.k8s.io "x" is forbidden: attempt to grant extra privileges: [{[get] [] [secrets] [] []}] user=&{j [system:authenticated] map[]} ownerrules=[] ruleResolutionErrors=[]',
  ],
  [
    'escalation',
    'rolebinding "cluster-admin" is forbidden: user "bob" cannot grant extra privileges:\n{Verbs:["*"], APIGroups:["*"]}',
  ],
  ['kubelet', 'error: unable to upgrade connection: Forbidden'],
  ['program', refusedTo('system:serviceaccount:keda:keda-operator')],
  ['program', refusedTo('system:node:ip-10-0-0-1.ec2.internal')],
  ['program', refusedTo('system:kube-scheduler')],
  ['program', refusedTo('eks:node-manager')],
  ['not-signed-in', '╷\n│ Error: Unauthorized\n│ \n│   with kubernetes_namespace.x,\n╵'],
  [
    'not-signed-in',
    'Error: Kubernetes cluster unreachable: the server has asked for the client to provide credentials',
  ],
  ['not-signed-in', refusedTo('system:anonymous')],
  [
    'sign-in-failed',
    'Unable to connect to the server: getting credentials: exec: executable kubelogin failed with exit code 1',
  ],
  [
    'sign-in-failed',
    'Get "https://1.2.3.4/api?timeout=32s": getting credentials: exec: executable gke-gcloud-auth-plugin not found',
  ],
  ['sign-in-failed', 'error: get-token: authentication error: authcode-browser error: oauth2 error'],
  ['sign-in-failed', 'Unable to connect to the server: AADSTS700082: The refresh token has expired due to inactivity.'],
  [
    'kubelet',
    'Error from server (InternalError): Internal error occurred: Authorization error (user=kube-apiserver-kubelet-client, verb=create, resource=nodes, subresource=proxy)',
  ],
  [
    'kubelet',
    'Error from server (Forbidden): Forbidden (user=kube-apiserver, verb=get, resource=nodes, subresource=proxy) ( pods/log weave-net-5qtcl)',
  ],
  [
    'argo-cd',
    'FATA[0001] rpc error: code = PermissionDenied desc = permission denied: applications, sync, default/guestbook, sub: jane, iat: 2026-01-01T00:00:00Z',
  ],
  [
    'teleport',
    "ERROR: rpc error: code = PermissionDenied desc = access denied to perform action 'list' on kube_service",
  ],
  [
    'teleport',
    "Error from server (NotFound): Your user's Teleport role does not allow Kubernetes access. Please ask cluster administrator to ensure your role has appropriate kubernetes_groups and kubernetes_users set.",
  ],
  [
    'cloud-account',
    'An error occurred (AccessDeniedException) when calling the DescribeCluster operation: User: arn:aws:iam::1:user/j is not authorized to perform: eks:DescribeCluster on resource: arn:aws:eks:eu-west-1:1:cluster/prod',
  ],
  [
    'cloud-account',
    'ERROR: (gcloud.container.clusters.get-credentials) ResponseError: code=403, message=Required "container.clusters.get" permission(s) for "projects/p/zones/z/clusters/c".',
  ],
  [
    'cloud-account',
    "(AuthorizationFailed) The client 'j' does not have authorization to perform action 'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action' over scope '/x'",
  ],
  ['unreachable', 'The connection to the server localhost:8080 was refused - did you specify the right host or port?'],
  [
    'admission',
    'persistentvolumeclaims "x" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
  ],
]

describe('a refusal that no grant would help', () => {
  test.each(table)('has the note %s and no rules: %s', (code, text) => {
    expect(readPaste(text)).toMatchObject({ rules: [], clusterRules: [] })
    expect(codesOf(text)).toEqual([code])
  })

  test.each(table)('has the note %s in a log line as well: %s', (code, text) => {
    expect(codesOf(JSON.stringify({ level: 'error', msg: text }))).toEqual([code])
  })

  test.each(table)('has the note %s below the command that was refused, which needs nothing more: %s', (code, text) => {
    const paste = readPaste(`$ kubectl apply -f x.yaml -n shop\n${text}`)
    expect(paste).toMatchObject({ rules: [], clusterRules: [] })
    expect(paste?.notes.map((note) => note.code)).toContain(code)
  })

  test('says what would help', () => {
    for (const [, text] of table) expect(readPaste(text)?.notes[0]?.sentence).toMatch(/\. [A-Z]/)
  })
})

test('refusals to two programs are two notes, also of the same call and on one line', () => {
  for (const between of ['\n', ' ', '; ', '\nkubectl logs deploy/web -n shop\n']) {
    const paste = readPaste(['a', 'b'].map((name) => refusedTo(`system:serviceaccount:shop:${name}`)).join(between))
    expect(paste).toMatchObject({ rules: [], clusterRules: [] })
    expect(paste?.notes.map(({ sentence }) => /ServiceAccount \w/.exec(sentence)?.[0])).toEqual([
      'ServiceAccount a',
      'ServiceAccount b',
    ])
  }
})

test('a program is recognized in single quotes', () => {
  expect(codesOf(refusedTo('system:serviceaccount:keda:keda-operator').replaceAll('"', "'"))).toEqual(['program'])
})

test('a command that tries to grant more than its author holds needs nothing more', () => {
  const paste = readPaste(
    '$ oc policy add-role-to-user cluster-admin bob\nrolebinding "cluster-admin" is forbidden: user "bob" cannot grant extra privileges:\n{Verbs:["*"], APIGroups:["*"]}',
  )
  expect(paste).toMatchObject({ rules: [], notes: [{ code: 'escalation' }] })
})

describe('a refusal that a grant can help', () => {
  test.each(['system:serviceaccount:postern-grants:postern-01jd', 'postern:grant:grt_01m8cp5h07yyvdj2pr0exf7env'])(
    'is the one to the account of a grant of Postern: %s',
    (account) => {
      expect(readPaste(refusedTo(account)?.toString())).toMatchObject({
        ...{ rules: [{ resources: ['pods'], verbs: ['list'] }], namespaces: ['shop'], notes: [] },
      })
    },
  )

  test('is the one to the person beside the one to a program', () => {
    const paste = readPaste(
      `${refusedTo('system:serviceaccount:a:b')}\n${refusedTo('jane').replaceAll('pods', 'services')}`,
    )
    expect(paste?.rules).toMatchObject([{ resources: ['services'], verbs: ['list'] }])
    expect(paste?.notes.map(({ code }) => code)).toEqual(['program'])
  })

  const blocked = (rest: string) =>
    `deployments.apps "x" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${rest}`

  test('is the one about finalizers of an owner, which is named or requested', () => {
    expect(readPaste(blocked(', <nil>'))).toMatchObject({ rules: [], notes: [{ code: 'owner-finalizers' }] })
    const named = blocked(
      'User "sam" cannot update serviceinstances/finalizers.servicecatalog.k8s.io in project "mongo", <nil>',
    )
    expect(readPaste(named)).toMatchObject({
      rules: [{ apiGroups: ['servicecatalog.k8s.io'], resources: ['serviceinstances/finalizers'], verbs: ['update'] }],
      ...{ namespaces: ['mongo'], notes: [] },
    })
  })

  test('is the one about a signer', () => {
    const text =
      'certificatesigningrequests.certificates.k8s.io "c" is forbidden: user not permitted to approve requests with signerName "kubernetes.io/kubelet-serving"'
    expect(readPaste(text)).toMatchObject({
      clusterRules: [{ resources: ['signers'], verbs: ['approve'], resourceNames: ['kubernetes.io/kubelet-serving'] }],
      notes: [{ code: 'cluster-scope' }],
    })
  })

  test('is answered although another refusal in the text is not understood, which is said', () => {
    const paste = readPaste(`${refusedTo('jane')}\nfoos "x" is forbidden: because I say so`)
    expect(paste?.rules).toMatchObject([{ resources: ['pods'] }])
    expect(paste?.notes.map(({ code }) => code)).toEqual(['not-understood'])
  })
})
