import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyText } from '#testing/any-text'
import { growthOf } from '#testing/steps'
import { parseForbidden } from './forbidden.ts'
import { leastRulesFor, type NeededPermission } from './needed-permissions.ts'

const permission = (verb: string, resource: string, more: Partial<NeededPermission> = {}): NeededPermission => ({
  verb,
  group: '',
  resource,
  subresource: '',
  name: '',
  namespace: 'default',
  ...more,
})
const permissionsOf = (text: string) => parseForbidden(text).permissions
const codesOf = (text: string) => parseForbidden(text).notes.map(({ code }) => code)

const listPods = 'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"'
const patchWeb =
  'deployments.apps "web" is forbidden: User "jane" cannot patch resource "deployments" in API group "apps" in the namespace "p"'
const patchWebPermission = permission('patch', 'deployments', { group: 'apps', name: 'web', namespace: 'p' })

test.each([
  ['the namespace', 'deployments apps sho web get'],
  ['the scope', 'deployments apps - web get'],
  ['a subresource', 'deployments/scale apps shop web get'],
  ['the API group', 'deployments extensions shop web get'],
  ['the core group', 'deployments - shop web get'],
  ['the verb', 'deployments apps shop web patch'],
  ['the rest of a name', 'deployments apps shop web-0 get'],
  ['the name', 'deployments apps shop - get'],
  ['the name and the namespace', 'deployments apps shop-2 - get'],
])('of two refusals that differ only in %s, both are kept', (_, other) => {
  const sentenceOf = (words: string) => {
    const [resource, group, namespace, name, verb] = words.split(' ').map((word) => (word === '-' ? '' : word))
    const where = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope'
    return `${resource} ${name && `"${name}" `}is forbidden: User "a@example.com" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`
  }
  const both = [sentenceOf('deployments apps shop web get'), sentenceOf(other)]
  for (const order of [both, both.toReversed()]) {
    for (const between of ['\n', '\n\n', ' ', '; ', '\n> ']) expect(permissionsOf(order.join(between))).toHaveLength(2)
  }
})

test('a refusal for all objects beside one for a named object keeps both', () => {
  const patchAll = patchWeb.replace(' "web"', '')
  const all = { ...patchWebPermission, name: '' }
  expect(permissionsOf(`${patchWeb}\n${patchAll}`)).toEqual([patchWebPermission, all])
})

describe('a refusal of the API server', () => {
  const table: [string, string, NeededPermission][] = [
    ['a list in a namespace', `Error from server (Forbidden): ${listPods}`, permission('list', 'pods')],
    ['one object of an API group', patchWeb, patchWebPermission],
    [
      'the cluster scope',
      'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope',
      permission('list', 'nodes', { namespace: null }),
    ],
    [
      'a subresource',
      'pods "x" is forbidden: User "jane" cannot create resource "pods/exec" in API group "" in the namespace "default"',
      permission('create', 'pods', { subresource: 'exec', name: 'x' }),
    ],
    [
      'a service account',
      'secrets "tls" is forbidden: User "system:serviceaccount:ns:sa" cannot get resource "secrets" in API group "" in the namespace "ns"',
      permission('get', 'secrets', { name: 'tls', namespace: 'ns' }),
    ],
    [
      'impersonation',
      'userextras "v" is forbidden: User "jane" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope',
      permission('impersonate', 'userextras', {
        group: 'authentication.k8s.io',
        subresource: 'scopes',
        name: 'v',
        namespace: null,
      }),
    ],
    [
      'a verb of constrained impersonation',
      'pods is forbidden: User "j" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "default"',
      permission('impersonate-on:user-info:list', 'pods'),
    ],
    [
      'a user name with quotes and angle brackets in it',
      String.raw`pods is forbidden: User "a\"b &lt;jane&gt;" cannot list resource "pods" in API group "" in the namespace "default"`,
      permission('list', 'pods'),
    ],
    [
      'a server before 1.12',
      'pods is forbidden: User "x" cannot list pods in the namespace "default"',
      permission('list', 'pods'),
    ],
    [
      'a server before 1.12, with a group',
      'deployments.extensions is forbidden: User "x" cannot list deployments.extensions at the cluster scope',
      permission('list', 'deployments', { group: 'extensions', namespace: null }),
    ],
    [
      'a namespace as the object',
      'namespaces "p" is forbidden: User "x" cannot get resource "namespaces" in API group "" in the namespace "p"',
      permission('get', 'namespaces', { name: 'p', namespace: 'p' }),
    ],
    [
      'a role name with colons',
      'clusterroles.rbac.authorization.k8s.io "system:node" is forbidden: User "x" cannot get resource "clusterroles" in API group "rbac.authorization.k8s.io" at the cluster scope',
      permission('get', 'clusterroles', { group: 'rbac.authorization.k8s.io', name: 'system:node', namespace: null }),
    ],
  ]
  test.each(table)('is read: %s', (_, text, expected) => {
    expect(permissionsOf(text)).toEqual([expected])
  })
})

describe('a printed refusal', () => {
  const table: [string, string][] = [
    ['kubectl apply', `Error from server (Forbidden): error when creating "f.yaml": ${patchWeb}`],
    [
      'kubectl apply, reading first',
      `Error from server (Forbidden): error when retrieving current configuration of:\nResource: "apps/v1, Resource=deployments", GroupVersionKind: "apps/v1, Kind=Deployment"\nName: "web", Namespace: "p"\nfrom server for: "f.yaml": ${patchWeb}`,
    ],
    ['Helm', `Error: UPGRADE FAILED: query: failed to query with labels: ${patchWeb}`],
    [
      'Argo CD',
      `time="2026-11-23T09:00:00Z" level=error msg="finished unary call" error="rpc error: code = Unknown desc = ${patchWeb.replaceAll('"', '\\"')}"`,
    ],
    [
      'klog',
      `E1123 09:00:00.000000   1 reflector.go:147] k8s.io/client-go: Failed to watch *v1.Deployment: failed to list: ${patchWeb}`,
    ],
    ['Terraform', `│ Error: ${patchWeb.slice(0, 60)}\n│ ${patchWeb.slice(60)}\n│\n│   with kubernetes_deployment.web,`],
    ['JSON', JSON.stringify({ kind: 'Status', message: patchWeb, reason: 'Forbidden', code: 403 })],
    ['JSON in JSON', JSON.stringify({ log: JSON.stringify({ message: patchWeb }) })],
    ['HTML', `<pre>${patchWeb.replaceAll('"', '&#34;')}</pre>`],
    ['HTML escaped twice', patchWeb.replaceAll('"', '&amp;quot;')],
    [
      'ANSI colours',
      `\u001b[31mError\u001b[0m: \u001b[1;33m${patchWeb.replace('patch', '\u001b[4mpatch\u001b[24m')}\u001b[0m`,
    ],
    ['typographic quotes', patchWeb.replace(/"([^"]*)"/g, '“$1”')],
    ['a quote in a chat', patchWeb.replace(/(.{40})/g, '$1\n> ')],
    ['text with Windows line ends', `${patchWeb}\r\n`],
    ['indented lines', patchWeb.replaceAll(' ', '\n    ')],
  ]
  test.each(table)('is read from %s', (_, text) => {
    expect(permissionsOf(text)).toEqual([patchWebPermission])
  })

  test('is read from lines that a terminal of any width broke', () => {
    for (let width = 12; width < patchWeb.length; width++) {
      const lines = patchWeb.match(new RegExp(`.{1,${width}}`, 'g')) ?? []
      expect(permissionsOf(lines.join('\n')), `width ${width}`).toEqual([patchWebPermission])
    }
  })

  test('is returned once, in the order of the text, among several', () => {
    const text = [listPods, patchWeb, listPods, patchWeb.replace('patch', 'get')].join('\n')
    expect(permissionsOf(text)).toEqual([
      permission('list', 'pods'),
      patchWebPermission,
      { ...patchWebPermission, verb: 'get' },
    ])
  })

  test('is read in spite of an authorizer’s hints, which become notes', () => {
    const missing = `${listPods}: RBAC: [clusterrole.rbac.authorization.k8s.io "x" not found, role.rbac.authorization.k8s.io "y" not found]`
    expect(permissionsOf(missing)).toEqual([permission('list', 'pods')])
    expect(parseForbidden(missing).notes.map(({ sentence }) => sentence)).toEqual([
      'A binding names the ClusterRole x, which does not exist.',
      'A binding names the Role y, which does not exist.',
    ])
    const gke = `${listPods}: requires one of ["container.pods.list"] permission(s).`
    expect([permissionsOf(gke), codesOf(gke)]).toEqual([[permission('list', 'pods')], ['cloud']])
  })
})

describe('a refusal that more access cannot change', () => {
  const table: [string, string][] = [
    ['not-signed-in', 'error: You must be logged in to the server (Unauthorized)'],
    [
      'not-signed-in',
      'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"',
    ],
    ['non-resource-path', 'Error from server (Forbidden): forbidden: User "jane" cannot get path "/metrics"'],
    [
      'escalation',
      'roles.rbac.authorization.k8s.io "r" is forbidden: user "alice" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
    ],
    [
      'aggregation',
      'clusterroles.rbac.authorization.k8s.io "x" is forbidden: must have cluster-admin privileges to use the aggregationRule',
    ],
    [
      'admission-policy',
      `deployments.apps "web" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`,
    ],
    [
      'admission-policy',
      `The rolebindings "x" is invalid: : ValidatingAdmissionPolicy 'p' with binding 'b' denied\nrequest: no`,
    ],
    ['admission-webhook', 'Error from server: admission webhook "x.example.com" denied the request: no'],
    ['pod-security', 'pods "x" is forbidden: violates PodSecurity "restricted:latest": privileged'],
    ['quota', 'pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1'],
    ['kubelet', 'Forbidden (user=kube-apiserver-kubelet-client, verb=get, resource=nodes, subresource=proxy)'],
    ['not-understood', 'pods "x" is forbidden: because I say so'],
  ]
  test.each(table)('has the note %s and no permissions', (code, text) => {
    expect([permissionsOf(text), codesOf(text)]).toEqual([[], [code]])
  })

  test('is not found in other text', () => {
    for (const text of ['', 'restart payments', 'User "x', 'User "x cannot list resource "pods"', 'forbidden fruit'])
      expect(parseForbidden(text)).toEqual({ permissions: [], notes: [] })
  })
})

describe('hostile text', () => {
  test('does not pass on invalid names', () => {
    for (const bad of ['<script>', 'a b', '../x', 'A\u202eB', 'x'.repeat(300), 'pods;drop'])
      expect(permissionsOf(listPods.replace('"pods"', JSON.stringify(bad)))).toEqual([])
    expect(permissionsOf(listPods.replace('"default"', '"De fault"'))).toEqual([])
    expect(permissionsOf(patchWeb.replace('"web"', '"w\u202eeb"'))).toEqual([{ ...patchWebPermission, name: '' }])
  })

  test('is read up to fifty refusals', () => {
    const text = Array.from({ length: 400 }, (_, n) => listPods.replace('"default"', `"n${n}"`)).join('\n')
    const { permissions, notes } = parseForbidden(text)
    expect(permissions).toHaveLength(50)
    expect(notes.map(({ code }) => code)).toEqual(['too-many'])
  })

  const pieces = [
    'User "',
    '" cannot ',
    'resource "',
    'is forbidden: ',
    '\\"',
    '\\',
    '"',
    ' ',
    '\n',
    '&quot;',
    '&amp;',
    '\u001b[',
    '\u001b]',
    'in the namespace ',
    'RBAC: role.rbac.authorization.k8s.io "',
    '│ ',
    "User '",
    '(get roles.rbac.authorization.k8s.io ',
    'GET https://a/api/v1/pods. ',
    '403 Forbidden url = ',
    listPods,
  ]

  test('costs no more than its length', { timeout: 300_000 }, () => {
    pieces.forEach((a, n) => {
      for (const b of ['', '"', ' ', pieces[(n + 1) % pieces.length] ?? '']) {
        const reading = (length: number) => {
          const text = `${a}${b}`.repeat(Math.ceil(length / (a.length + b.length)))
          return () => parseForbidden(text)
        }
        expect(growthOf(6_000, reading), JSON.stringify(a + b)).toBeLessThan(5)
      }
    })
  })

  test('never throws', () => {
    const text = fc.array(fc.oneof(fc.constantFrom(...pieces), anyText(10)), { maxLength: 30 })
    fc.assert(
      fc.property(text, (parts) => {
        for (const found of permissionsOf(parts.join(''))) expect(leastRulesFor([found])).toHaveLength(1)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the smallest rules', () => {
  test('combine verbs and names, and have no names where one permission is for all names', () => {
    const pods = { apiGroups: [''], resources: ['pods'] }
    expect(leastRulesFor([permission('get', 'pods', { name: 'a' }), permission('get', 'pods', { name: 'b' })])).toEqual(
      [{ ...pods, verbs: ['get'], resourceNames: ['a', 'b'] }],
    )
    expect(
      leastRulesFor([permission('get', 'pods', { name: 'a' }), permission('get', 'pods'), permission('list', 'pods')]),
    ).toEqual([{ ...pods, verbs: ['get', 'list'] }])
    expect(leastRulesFor([permission('get', 'pods'), permission('get', 'pods', { subresource: 'log' })])).toEqual([
      { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get'] },
    ])
    expect(leastRulesFor([])).toEqual([])
  })
})
