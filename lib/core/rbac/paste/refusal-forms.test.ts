import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { readPaste } from './paste.ts'

type Refused = { verb: string; group: string; resource: string; kind: string; name: string; namespace: string | null }

const refused = fc
  .record({
    verb: fc.constantFrom('get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'),
    kind: fc.constantFrom(
      ['', 'secrets'],
      ['', 'services'],
      ['', 'configmaps'],
      ['', 'persistentvolumeclaims'],
      ['apps', 'deployments'],
      ['apps', 'statefulsets'],
      ['batch', 'cronjobs'],
      ['networking.k8s.io', 'ingresses'],
      ['cert-manager.io', 'certificates'],
      ['helm.toolkit.fluxcd.io', 'helmreleases'],
      ['argoproj.io', 'applications'],
    ),
    sub: fc.constantFrom('', '', 'status', 'scale', 'finalizers'),
    name: fc.constantFrom('', 'web', 'web-0', 'a.b.c', 'db-7f9c'),
    namespace: fc.constantFrom('shop', 'payments-prod', 'a'),
  })
  .map(
    ({ verb, kind: [group = '', resource = ''], sub, name, namespace }): Refused => ({
      ...{ verb, group, name, namespace },
      resource: sub === '' ? resource : `${resource}/${sub}`,
      kind: group === '' ? resource : `${resource}.${group}`,
    }),
  )

const sentence = ({ verb, group, resource, kind, name, namespace }: Refused, user = 'jane@example.com') =>
  `${kind}${name && ` "${name}"`} is forbidden: User "${user}" cannot ${verb} resource "${resource}" in API group "${group}" ${namespace === null ? 'at the cluster scope' : `in the namespace "${namespace}"`}`

const ruleOf = ({ verb, group, resource, name }: Refused): Rule => ({
  apiGroups: [group],
  resources: [resource],
  verbs: [verb],
  ...(name ? { resourceNames: [name] } : {}),
})

/** How programs, chats and people pass a refusal on without losing a part of it. */
const whole: [string, (text: string, one: Refused) => string][] = [
  ['kubectl', (text) => `Error from server (Forbidden): ${text}`],
  ['kubectl with a file', (text) => `Error from server (Forbidden): error when creating "x.yaml": ${text}`],
  ['Helm', (text) => `Error: INSTALLATION FAILED: ${text}`],
  ['a log', (text) => `time="2026-01-01T00:00:00Z" level=error msg=${JSON.stringify(text)}`],
  [
    'JSON',
    (text) => JSON.stringify({ kind: 'Status', status: 'Failure', message: text, reason: 'Forbidden', code: 403 }),
  ],
  ['JSON in a log', (text) => JSON.stringify({ log: JSON.stringify({ msg: text }) })],
  ['HTML', (text) => `<p><code>${text.replaceAll('"', '&quot;')}</code></p>`],
  ['Terraform', (text) => `╷\n│ Error: ${text.slice(0, 50)}\n│ ${text.slice(50)}\n╵`],
  ['a quote', (text) => `> ${text}\nany idea?`],
  ['typographic quotes', (text) => text.replace(/"([^"]*)"/g, '“$1”')],
  ['narrow lines', (text) => text.match(/.{1,40}/g)?.join('\n') ?? ''],
  ['links of a chat', (text) => text.replace(/([a-z]+(?:\.[a-z0-9]+)*\.(?:io|com))/g, '[$1](http://$1/)')],
  ['links of Slack', (text) => text.replace(/([a-z]+(?:\.[a-z0-9]+)*\.(?:io|com))/g, '<http://$1|$1>')],
  ['a link of mail', (text) => text.replace('jane@example.com', '[jane@example.com](mailto:jane@example.com)')],
  ['an authorizer’s reason', (text) => `${text}: RBAC: role.rbac.authorization.k8s.io "gone" not found`],
  [
    'Azure',
    (text) => `${text}: User does not have access to the resource in Azure. Update role assignment to allow access.`,
  ],
  ['GKE', (text) => `${text}: requires one of ["container.pods.list"] permission(s).`],
  ['lost quotes of the user', (text) => text.replace('"jane@example.com"', 'jane@example.com')],
  ['no closing quote of the user', (text) => text.replace('jane@example.com"', 'jane@example.com')],
  ['no user', (text) => text.replace('User "jane@example.com"', 'User')],
  ['a masked user', (text) => text.replace('jane@example.com', '*****')],
  ['no beginning', (text) => `Forbidden: ${text.slice(text.indexOf('User'))}`],
  ['no quote behind the resource', (text, { resource }) => text.replace(`"${resource}"`, `"${resource}`)],
  ['single quotes', (text) => text.replaceAll('"', "'")],
  ['bold and italic Markdown', (text) => `_**Error from server (Forbidden): ${text}**_`],
  ['a table of objects', (text) => `cart   2m44s   ERROR, ${text}   91d`],
  ['a list of errors', (text) => `Error: deletion completed with 2 error(s): ${text}; services "q" not found`],
]

const nameLost = new Set(['no beginning'])

test.each(whole)('a refusal from %s keeps its verb, resource, group, name and namespace', (form, change) => {
  fc.assert(
    fc.property(refused, (one) => {
      const text = change(sentence(one), one)
      const expected = ruleOf(nameLost.has(form) ? { ...one, name: '' } : one)
      const paste = readPaste(text)
      expect(paste?.rules, text).toEqual([expected])
      expect(paste?.namespaces, text).toEqual([one.namespace])
    }),
    { numRuns: 60 },
  )
})

/** What is left of a refusal whose end is missing. */
const cut: [string, (one: Refused) => string, { namespace?: true; group?: true }][] = [
  ['inside the namespace', (one) => sentence(one).replace(/"$/, ''), { namespace: true, group: true }],
  ['in front of the namespace', (one) => sentence(one).replace(/ "[^"]*"$/, ''), { group: true }],
  ['behind the group', (one) => sentence(one).replace(/ in the namespace.*$/, ''), { group: true }],
  ['in front of the group', (one) => sentence(one).replace(/ in API group.*$/, ''), {}],
  ['in front of the group, with an ellipsis', (one) => sentence(one).replace(/ in API group.*$/, ' in API…'), {}],
]

test.each(cut)('a refusal cut %s uses what remains and says what is missing', (_, change, keeps) => {
  fc.assert(
    fc.property(refused, (one) => {
      const text = change(one)
      const paste = readPaste(text)
      expect(paste?.rules, text).toEqual([ruleOf(one)])
      expect(paste?.namespaces, text).toEqual(keeps.namespace ? [one.namespace] : [])
      const codes = paste?.notes.map(({ code }) => code)
      expect(codes, text).toContain(keeps.namespace ? 'damaged' : 'unknown-namespace')
    }),
    { numRuns: 60 },
  )
})

const masks = ['***', '<namespace>', '[redacted]', 'XXXX', 'xxxxx', 'your-namespace', '{ns}', 'REDACTED']

test('a masked namespace or name is open in every refusal', () => {
  fc.assert(
    fc.property(refused, fc.constantFrom(...masks), (one, mask) => {
      const text = sentence({ ...one, name: mask, namespace: mask })
      const paste = readPaste(text)
      expect(paste?.rules, text).toEqual([ruleOf({ ...one, name: '' })])
      expect(paste?.namespaces, text).toEqual([])
      expect(
        paste?.notes.map(({ code }) => code),
        text,
      ).toEqual(expect.arrayContaining(['unknown-namespace', 'unknown-name']))
    }),
    { numRuns: 200 },
  )
})

const clusterKinds = ['nodes', 'persistentvolumes', 'namespaces'].map((resource) => ({
  group: '',
  resource,
  kind: resource,
}))

test('of several refusals each is answered, and one outside namespaces is said', () => {
  fc.assert(
    fc.property(
      fc.array(refused, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...clusterKinds),
      fc.nat(3),
      (some, kind, at) => {
        const wide: Refused = { ...kind, verb: 'list', name: '', namespace: null }
        const texts = some.map((one) => sentence(one))
        texts.splice(at, 0, sentence(wide))
        const paste = readPaste(texts.join('\n'))
        for (const one of some) {
          const isGranted = paste?.rules.some(
            ({ apiGroups, resources, verbs, resourceNames }) =>
              apiGroups.includes(one.group) &&
              resources.includes(one.resource) &&
              verbs.includes(one.verb) &&
              (!resourceNames || resourceNames.includes(one.name)),
          )
          expect(isGranted, sentence(one)).toBe(true)
          expect(paste?.namespaces).toContain(one.namespace)
        }
        expect(paste?.clusterRules).toEqual([ruleOf(wide)])
        expect(paste?.notes.map(({ code }) => code)).toContain('cluster-scope')
      },
    ),
    { numRuns: 100 },
  )
})

test('a refusal at the cluster scope asks for namespaces where the kind has them', () => {
  fc.assert(
    fc.property(refused, (one) => {
      const wide: Refused = { ...one, verb: 'list', name: '', namespace: null }
      expect(readPaste(sentence(wide))).toMatchObject({
        ...{ rules: [ruleOf(wide)], clusterRules: [], namespaces: [] },
        notes: [{ code: 'all-namespaces' }],
      })
    }),
    { numRuns: 60 },
  )
})

describe('the client’s own words', () => {
  test.each([
    ['Error from server (Forbidden): unknown (get pods)', '', 'pods', ['list', 'watch'], undefined],
    ['Error from server (Forbidden): unknown (get pods web-0)', '', 'pods', ['get'], ['web-0']],
    ['Error from server (Forbidden): unknown (post deployments.apps)', 'apps', 'deployments', ['create'], undefined],
    ['unknown (delete ingresses.networking.k8s.io web)', 'networking.k8s.io', 'ingresses', ['delete'], ['web']],
    [
      'the server does not allow access to the requested resource (patch services web)',
      '',
      'services',
      ['patch'],
      ['web'],
    ],
  ])('%s', (text, group, resource, verbs, resourceNames) => {
    const paste = readPaste(text)
    expect(paste?.rules).toEqual([
      { apiGroups: [group], resources: [resource], verbs, ...(resourceNames ? { resourceNames } : {}) },
    ])
    expect(paste?.notes.map(({ code }) => code)).toEqual(['no-details', 'unknown-namespace'])
  })

  test('the API server’s log names the permission as well', () => {
    expect(
      readPaste(
        'RBAC DENY: user "jane" groups ["a" "b"] cannot "get" resource "pods/log" named "web" in namespace "shop"',
      ),
    ).toMatchObject({
      rules: [{ resources: ['pods', 'pods/log'], verbs: ['get'], resourceNames: ['web'] }],
      namespaces: ['shop'],
    })
    expect(
      readPaste('RBAC DENY: user "jane" groups [] cannot "list" resource "deployments.apps" cluster-wide'),
    ).toMatchObject({
      rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['list'] }],
      notes: [{ code: 'all-namespaces' }],
    })
  })
})

const groupNames = [
  ...['github_org://1', 'Domain Admins', 'a "quoted" name', 'oidc:team/sre', 'CN=x,OU=y', 'CORP\\Domain Admins'],
  ...["O'Brien's team", 'Ünïcode Grüppe', 'a  b', 'a/b c"d', ' lead', '100%', 'a|b', 'in the namespace "x"', '日本 語'],
]
const named = (kind: string, name: string, verb: string, resource: string, group: string) =>
  `${kind} ${JSON.stringify(name)} is forbidden: User "jane" cannot ${verb} resource "${resource}" in API group "${group}" at the cluster scope`

test.each(groupNames)('the name %s of a group is kept by every program that prints it', (name) => {
  const forms = ['kubectl', 'a log', 'JSON', 'JSON in a log', 'HTML', 'a quote', 'narrow lines', 'GKE']
  for (const [form, change] of whole.filter(([of]) => forms.includes(of))) {
    const text = change(named('groups', name, 'impersonate', 'groups', ''), { ...clusterKinds[0] } as Refused)
    expect(readPaste(text)?.clusterRules, form).toEqual([
      { apiGroups: [''], resources: ['groups'], verbs: ['impersonate'], resourceNames: [name] },
    ])
  }
})

test.each([
  ['users', '', 'https://login.example.com/#sub|1'],
  ['uids', 'authentication.k8s.io', 'a b/c'],
  ['userextras/scopes', 'authentication.k8s.io', 'view "all"/x'],
])('the name of an object of %s is kept', (resource, group, name) => {
  expect(readPaste(named('x', name, 'impersonate', resource, group))?.clusterRules).toEqual([
    { apiGroups: [group], resources: [resource], verbs: ['impersonate'], resourceNames: [name] },
  ])
})

test.each(['Domain Admins', 'a "quoted" role', 'system:node:x'])('the name %s of a ClusterRole is kept', (name) => {
  const group = 'rbac.authorization.k8s.io'
  expect(readPaste(named(`clusterroles.${group}`, name, 'bind', 'clusterroles', group))?.clusterRules).toEqual([
    { apiGroups: [group], resources: ['clusterroles'], verbs: ['bind'], resourceNames: [name] },
  ])
})

test('a name that no object can have is said to be missing, because the rules then apply to any name', () => {
  for (const name of ['a/b', 'Domain Admins', '..']) {
    const text = `secrets ${JSON.stringify(name)} is forbidden: User "jane" cannot get resource "secrets" in API group "" in the namespace "shop"`
    const paste = readPaste(text)
    expect(paste?.rules).toEqual([{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }])
    expect(paste?.notes.map(({ code }) => code)).toContain('unknown-name')
  }
})

test('an unknown kind at the cluster scope is not guessed to be outside namespaces', () => {
  const text = (verb: string, name = '') =>
    `widgets.example.com${name} is forbidden: User "j" cannot ${verb} resource "widgets" in API group "example.com" at the cluster scope`
  expect(readPaste(text('list'))).toMatchObject({
    rules: [{ resources: ['widgets'] }],
    notes: [{ code: 'unknown-scope' }],
  })
  // A call for one object names its namespace, so this kind has none.
  expect(readPaste(text('get', ' "a"'))).toMatchObject({ rules: [], clusterRules: [{ resourceNames: ['a'] }] })
})

describe('the name of a refused object', () => {
  const older = (name: string) =>
    `${name}is forbidden: User "jane" cannot delete ingresses.extensions in the namespace "shop"`
  const reason = ': User "jane" cannot delete ingresses.extensions in project "shop"'

  test('stays where OpenShift repeats the sentence as the reason', () => {
    const paste = readPaste(
      `ingresses.extensions "web" ${older('')}${reason}; ingresses.extensions "api" ${older('')}${reason}`,
    )
    expect(paste?.rules).toEqual([
      { apiGroups: ['extensions'], resources: ['ingresses'], verbs: ['delete'], resourceNames: ['api', 'web'] },
    ])
  })

  test('is read from what an older client repeats behind the sentence', () => {
    const text = (client: string) =>
      `User "jane" cannot get roles.rbac.authorization.k8s.io in the namespace "shop": User "jane" cannot get roles.rbac.authorization.k8s.io in project "shop" ${client}`
    const about = { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['get'] }
    expect(readPaste(text('(get roles.rbac.authorization.k8s.io deck)'))?.rules).toEqual([
      { ...about, resourceNames: ['deck'] },
    ])
    expect(readPaste(text('(get pods web)'))?.rules).toEqual([about])
  })

  test('is not taken from the client’s words on another refusal', () => {
    const of = (namespace: string) => `User "jane" cannot get pods in the namespace "${namespace}"`
    const paste = readPaste(`${of('shop')}\n${of('cart')} (get pods web)`)
    expect(paste?.rules).toEqual([{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }])
  })

  test('is said to be missing where its first quotation mark is lost', () => {
    const paste = readPaste(
      'release.v1" is forbidden: User "jane" cannot update resource "secrets" in API group "" in the namespace "shop"',
    )
    expect(paste?.rules).toEqual([{ apiGroups: [''], resources: ['secrets'], verbs: ['update'] }])
    expect(paste?.notes.map(({ code }) => code)).toEqual(['unknown-name'])
  })

  test('is read from the words of OpenShift 3', () => {
    expect(readPaste('User "bob" cannot "patch" "projects" with name "shop" in project "shop"')).toMatchObject({
      ...{ rules: [{ resources: ['projects'], verbs: ['patch'], resourceNames: ['shop'] }], namespaces: ['shop'] },
    })
  })
})

describe('a client that prints only the address', () => {
  const api = 'https://10.0.0.1:443'
  const table: [string, string[], string[]][] = [
    [
      `Failure executing: POST at: ${api}/api/v1/namespaces/shop/pods. Message: Forbidden!Configured service account doesn't have access.`,
      ['create pods '],
      ['no-details', 'unknown-user'],
    ],
    [
      `Failure executing: DELETE at: ${api}/apis/apps/v1/namespaces/shop/deployments/web. Message: Forbidden.`,
      ['delete deployments web'],
      ['no-details', 'unknown-user'],
    ],
    [
      `I0101 round_trippers.go:466] GET ${api}/api/v1/namespaces/shop/secrets/db 403 Forbidden in 2 milliseconds`,
      ['get secrets db'],
      ['no-details', 'unknown-user'],
    ],
    [
      `requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: ${api}/apis/apps/v1/namespaces/shop/statefulsets`,
      ['list statefulsets '],
      ['no-details', 'unknown-user', 'unknown-verb'],
    ],
    [
      `ClientResponseError: 403, message='Forbidden', url=URL('${api}/api/v1/namespaces/shop/configmaps/web')`,
      ['get configmaps web'],
      ['no-details', 'unknown-user', 'unknown-verb'],
    ],
    [
      `Handshake status 403 Forbidden\nurl = 'wss://10.0.0.1/api/v1/namespaces/shop/pods/web-0/exec?command=sh'`,
      ['create pods/exec web-0', 'get pods web-0'],
      ['no-details', 'unknown-user'],
    ],
  ]
  test.each(table)('names the resource, and what it leaves out is said: %s', (text, permissions, codes) => {
    const paste = readPaste(text)
    const read = paste?.rules.flatMap(
      ({ verbs, resources, resourceNames = [''] }) => `${verbs} ${resources} ${resourceNames}`,
    )
    expect(read?.sort()).toEqual(permissions)
    expect(paste?.namespaces).toEqual(['shop'])
    expect(paste?.notes.map(({ code }) => code).sort()).toEqual(codes)
  })

  test('is not read beside the API server’s own sentence, nor where the call was allowed', () => {
    const allowed = `GET ${api}/api/v1/namespaces/shop/pods 200 OK in 1 ms`
    expect(readPaste(allowed)).toBeNull()
    const text = sentence({
      verb: 'get',
      group: '',
      resource: 'secrets',
      kind: 'secrets',
      name: 'db',
      namespace: 'shop',
    })
    const paste = readPaste(`GET ${api}/api/v1/namespaces/cart/pods 403 Forbidden\n${allowed}\n${text}`)
    expect(paste).toMatchObject({ rules: [{ resources: ['secrets'] }], namespaces: ['shop'], notes: [] })
  })
})
