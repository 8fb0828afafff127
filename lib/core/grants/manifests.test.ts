import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { grantOfVouchedUser, vouchedUserName } from '#lib/core/access/vouched-user'
import { stepsOf } from '#testing/steps'
import { asYaml, type GrantFacts, grantObjects, keyOf, keyText } from './manifests.ts'
import { grantOf, instanceOf, objectName, userName } from './names.ts'
import { subjectKindOf } from './subject-kind.ts'

const grantId = 'grt_01kb0000000000000000000000'
const name = 'postern-01kb0000000000000000000000'
const rules = [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['patch', 'get'] }]
const facts = (some: Partial<GrantFacts> = {}): GrantFacts => ({
  grantId,
  subject: 'ServiceAccount',
  namespaces: ['payments', 'checkout'],
  rules,
  clusterRole: null,
  requester: { email: 'ada@example.com', subject: 'ada' },
  requestUrl: 'https://postern.example.com/requests/req_1',
  digest: `sha256:${'0'.repeat(64)}`,
  expiresAt: new Date('2026-11-23T10:00:00Z'),
  ...some,
})

describe('the objects of a grant', () => {
  test('a grant has one ServiceAccount, and a Role and a RoleBinding in each namespace, all with the grant’s name', () => {
    expect(grantObjects(facts()).map(keyOf).map(keyText)).toEqual([
      `ServiceAccount postern-grants/${name}`,
      `Role checkout/${name}`,
      `RoleBinding checkout/${name}`,
      `Role payments/${name}`,
      `RoleBinding payments/${name}`,
    ])
  })
  test('a grant for whose user Postern vouches has no ServiceAccount, and its bindings name this user only', () => {
    const manifests = grantObjects(facts({ subject: 'User' }))
    expect(manifests.map(keyOf).map(keyText)).toEqual([
      `Role checkout/${name}`,
      `RoleBinding checkout/${name}`,
      `Role payments/${name}`,
      `RoleBinding payments/${name}`,
    ])
    const subject = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: `postern:grant:${grantId}` }
    for (const manifest of manifests) if ('subjects' in manifest) expect(manifest.subjects).toEqual([subject])
  })
  test('every object names its grant, its installation, its requester, its request and its expiry', () => {
    for (const { metadata } of grantObjects(facts())) {
      expect(grantOf(metadata.labels)).toBe(grantId)
      expect(metadata.labels['postern.dev/instance']).toBe('postern.example.com')
      expect(metadata.annotations).toEqual({
        'postern.dev/requester': 'ada@example.com',
        'postern.dev/request-url': 'https://postern.example.com/requests/req_1',
        'postern.dev/digest': `sha256:${'0'.repeat(64)}`,
        'postern.dev/expires-at': '2026-11-23T10:00:00.000Z',
      })
    }
  })
  test('no object has a finalizer, which would keep the tokens of a deleted ServiceAccount valid', () => {
    expect(JSON.stringify(grantObjects(facts()))).not.toContain('finalizers')
  })
  test('a binding binds exactly the ServiceAccount of the grant to exactly its Role', () => {
    const binding = grantObjects(facts()).find(({ kind }) => kind === 'RoleBinding')
    expect(binding).toMatchObject({
      roleRef: { kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: 'postern-grants' }],
    })
  })
  test('a Role has exactly the approved rules', () => {
    const role = grantObjects(facts()).find(({ kind }) => kind === 'Role')
    expect(role).toMatchObject({
      rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }],
    })
  })
  test('a grant of a vetted ClusterRole has RoleBindings and no Roles', () => {
    const objects = grantObjects(facts({ clusterRole: 'view', namespaces: ['payments'] }))
    expect(objects.map(({ kind }) => kind)).toEqual(['ServiceAccount', 'RoleBinding'])
    expect(objects[1]).toMatchObject({ roleRef: { kind: 'ClusterRole', name: 'view' } })
  })
  test('a namespace that is named twice gets its objects once', () => {
    expect(grantObjects(facts({ namespaces: ['payments', 'payments'] }))).toHaveLength(3)
  })
  test('an annotation contains no control or reordering characters from the identity provider', () => {
    const email = `evil\u202e\n\u0000${'x'.repeat(1000)}`
    const [account] = grantObjects(facts({ requester: { email, subject: 'ada' } }))
    const value = account?.metadata.annotations['postern.dev/requester']
    expect(value).toBe(`evil${'x'.repeat(252)}`)
  })
  test('the YAML of the objects parses to the same objects', () => {
    const objects = grantObjects(facts())
    expect(parseAllDocuments(asYaml(objects)).map((document) => document.toJS())).toEqual(objects)
  })
})

describe('names', () => {
  test.each([
    'grt_short',
    'req_01kb0000000000000000000000',
    'grt_01kb000000000000000000000U',
    '../../etc',
    `${grantId}x`,
  ])('a text that is not the id of a grant has no object name and no user name: %s', (text) => {
    expect(() => objectName(text)).toThrow(RangeError)
    expect(() => vouchedUserName(text)).toThrow(RangeError)
  })
  test('only the exact user name of a grant names a grant', () => {
    expect(grantOfVouchedUser(vouchedUserName(grantId))).toBe(grantId)
    for (const other of [`${vouchedUserName(grantId)}x`, ` ${vouchedUserName(grantId)}`, grantId, 'postern:grant:', ''])
      expect(grantOfVouchedUser(other)).toBeNull()
  })
  test('who acts with a grant is decided by its cluster once, and by its recorded objects ever after', () => {
    const webhook = { webhookAuthentication: {} }
    expect([subjectKindOf([], webhook), subjectKindOf([], {}), subjectKindOf([], undefined)]).toEqual([
      'User',
      'ServiceAccount',
      'ServiceAccount',
    ])
    expect(subjectKindOf([{ kind: 'Role' }, { kind: 'RoleBinding' }], {})).toBe('User')
    expect(subjectKindOf([{ kind: 'ServiceAccount' }, { kind: 'Role' }], webhook)).toBe('ServiceAccount')
  })
  test('the user name of a grant is that of its ServiceAccount', () => {
    expect(userName(grantId)).toBe(`system:serviceaccount:postern-grants:${name}`)
  })
  test.each([
    ['https://postern.example.com/requests/1', /^postern\.example\.com$/],
    ['http://localhost:3000', /^localhost_3000$/],
    ['http://[::1]:3000', /^[0-9a-f]{32}$/],
    [`https://${'a'.repeat(60)}.example.com`, /^[0-9a-f]{32}$/],
  ])('the instance label of an address is its host and port, or a hash: %s', (url, label) =>
    expect(instanceOf(url)).toMatch(label),
  )
  test('an object belongs to a grant only if it has both labels', () => {
    expect(grantOf(undefined)).toBeUndefined()
    expect(grantOf({ 'postern.dev/grant': grantId })).toBeUndefined()
    expect(grantOf({ 'app.kubernetes.io/managed-by': 'postern', 'postern.dev/grant': 'nonsense' })).toBeUndefined()
    expect(grantOf({ 'app.kubernetes.io/managed-by': 'postern', 'postern.dev/grant': grantId })).toBe(grantId)
  })
})

test('the rules of a grant are written as YAML once, however many namespaces it has', () => {
  const wide = [{ apiGroups: ['apps'], resources: Array.from({ length: 200 }, (_, n) => `r${n}`), verbs: ['get'] }]
  const inNamespaces = (count: number) => {
    const namespaces = Array.from({ length: count }, (_, n) => `ns-${n}`)
    return grantObjects(facts({ rules: wide, namespaces }))
  }
  const [one, twenty] = [inNamespaces(1), inNamespaces(20)]
  asYaml(twenty)
  expect(stepsOf(() => asYaml(twenty))).toBeLessThan(10 * stepsOf(() => asYaml(one)))
})
