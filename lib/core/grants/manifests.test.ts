import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { asYaml, type GrantFacts, grantObjects, keyOf, keyText } from './manifests.ts'
import { grantOf, instanceOf, objectName, userName } from './names.ts'

const grantId = 'grt_01kb0000000000000000000000'
const name = 'postern-01kb0000000000000000000000'
const rules = [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['patch', 'get'] }]
const facts = (some: Partial<GrantFacts> = {}): GrantFacts => ({
  grantId,
  namespaces: ['payments', 'checkout'],
  rules,
  clusterRole: null,
  requester: { email: 'ada@example.com', subject: 'ada' },
  requestUrl: 'https://postern.example.com/requests/req_1',
  expiresAt: new Date('2026-11-23T10:00:00Z'),
  ...some,
})

describe('the objects of a grant', () => {
  it('are one ServiceAccount, and a Role and a RoleBinding in each namespace, all with the name of the grant', () => {
    expect(grantObjects(facts()).map(keyOf).map(keyText)).toEqual([
      `ServiceAccount postern-grants/${name}`,
      `Role checkout/${name}`,
      `RoleBinding checkout/${name}`,
      `Role payments/${name}`,
      `RoleBinding payments/${name}`,
    ])
  })
  it('say whose they are', () => {
    for (const { metadata } of grantObjects(facts())) {
      expect(grantOf(metadata.labels)).toBe(grantId)
      expect(metadata.labels['postern.dev/instance']).toBe('postern.example.com')
      expect(metadata.annotations).toEqual({
        'postern.dev/requester': 'ada@example.com',
        'postern.dev/request-url': 'https://postern.example.com/requests/req_1',
        'postern.dev/expires-at': '2026-11-23T10:00:00.000Z',
      })
    }
  })
  it('carry no finalizer: a ServiceAccount with one would keep its tokens alive after deletion', () => {
    expect(JSON.stringify(grantObjects(facts()))).not.toContain('finalizers')
  })
  it('bind exactly the ServiceAccount of the grant to exactly the Role of the grant', () => {
    const binding = grantObjects(facts()).find(({ kind }) => kind === 'RoleBinding')
    expect(binding).toMatchObject({
      roleRef: { kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: 'postern-grants' }],
    })
  })
  it('hold exactly the rules', () => {
    const role = grantObjects(facts()).find(({ kind }) => kind === 'Role')
    expect(role).toMatchObject({
      rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }],
    })
  })
  it('are a RoleBinding alone where a vetted ClusterRole carries the rules', () => {
    const objects = grantObjects(facts({ clusterRole: 'view', namespaces: ['payments'] }))
    expect(objects.map(({ kind }) => kind)).toEqual(['ServiceAccount', 'RoleBinding'])
    expect(objects[1]).toMatchObject({ roleRef: { kind: 'ClusterRole', name: 'view' } })
  })
  it('are made once for a namespace that is named twice', () => {
    expect(grantObjects(facts({ namespaces: ['payments', 'payments'] }))).toHaveLength(3)
  })
  it('carry no control characters or reordering of what an identity provider said', () => {
    const email = `evil\u202e\n\u0000${'x'.repeat(1000)}`
    const [account] = grantObjects(facts({ requester: { email, subject: 'ada' } }))
    const value = account?.metadata.annotations['postern.dev/requester']
    expect(value).toBe(`evil${'x'.repeat(252)}`)
  })
  it('can be read back from their YAML', () => {
    const objects = grantObjects(facts())
    expect(parseAllDocuments(asYaml(objects)).map((document) => document.toJS())).toEqual(objects)
  })
})

describe('names', () => {
  it.each([
    'grt_short',
    'req_01kb0000000000000000000000',
    'grt_01kb000000000000000000000U',
    '../../etc',
    `${grantId}x`,
  ])('refuse what is no id of a grant: %s', (text) => expect(() => objectName(text)).toThrow(RangeError))
  it('give the user that the API server sees', () => {
    expect(userName(grantId)).toBe(`system:serviceaccount:postern-grants:${name}`)
  })
  it.each([
    ['https://postern.example.com/requests/1', /^postern\.example\.com$/],
    ['http://localhost:3000', /^localhost_3000$/],
    ['http://[::1]:3000', /^[0-9a-f]{32}$/],
    [`https://${'a'.repeat(60)}.example.com`, /^[0-9a-f]{32}$/],
  ])('tell one Postern from another: %s', (url, label) => expect(instanceOf(url)).toMatch(label))
  it('are Postern’s only with both labels', () => {
    expect(grantOf(undefined)).toBeUndefined()
    expect(grantOf({ 'postern.dev/grant': grantId })).toBeUndefined()
    expect(grantOf({ 'app.kubernetes.io/managed-by': 'postern', 'postern.dev/grant': 'nonsense' })).toBeUndefined()
    expect(grantOf({ 'app.kubernetes.io/managed-by': 'postern', 'postern.dev/grant': grantId })).toBe(grantId)
  })
})
