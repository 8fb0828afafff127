import { expect, test } from 'vitest'
import { readPaste } from './paste.ts'

const refused = (verb: string, path: string, scope: string, name = '') =>
  `Error from server (Forbidden): ${path.split('/')[0]}${name && ` "${name}"`} is forbidden: User "jane" cannot ${verb} resource "${path}" in API group "" ${scope}`
const inP = 'in the namespace "p"'

test('a refusal becomes the rule that it names, for the named object only', () => {
  expect(readPaste(refused('delete', 'pods', inP, 'web'))).toEqual({
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['delete'], resourceNames: ['web'] }],
    clusterRules: [],
    namespaces: ['p'],
    context: null,
    notes: [],
  })
})

test('the rules include what kubectl would be refused next', () => {
  expect(readPaste(refused('get', 'pods/log', inP, 'web'))?.rules).toEqual([
    { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get'], resourceNames: ['web'] },
  ])
  expect(readPaste(refused('get', 'pods/exec', inP, 'web'))?.rules).toEqual([
    { apiGroups: [''], resources: ['pods'], verbs: ['get'], resourceNames: ['web'] },
    { apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'], resourceNames: ['web'] },
  ])
})

test('a refused list of all namespaces becomes a namespaced rule, and of a cluster-wide kind a cluster rule', () => {
  expect(readPaste(refused('list', 'pods', 'at the cluster scope'))).toMatchObject({
    rules: [{ resources: ['pods'], verbs: ['list'] }],
    namespaces: [],
    notes: [{ code: 'all-namespaces' }],
  })
  expect(readPaste(refused('list', 'nodes', 'at the cluster scope'))).toMatchObject({
    rules: [],
    clusterRules: [{ resources: ['nodes'], verbs: ['list'] }],
  })
})

test('a command and its refusal from one terminal become one set of rules', () => {
  const text = `$ kubectl --context prod-eu rollout restart deploy/api\n${'deployments.apps "api" is forbidden: User "jane" cannot get resource "deployments" in API group "apps" in the namespace "p"'}`
  expect(readPaste(text)).toEqual({
    rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'], resourceNames: ['api'] }],
    clusterRules: [],
    namespaces: ['p'],
    context: 'prod-eu',
    notes: [],
  })
})

test('a refusal that more access cannot change has a note and no rules', () => {
  expect(readPaste('error: You must be logged in to the server (Unauthorized)')).toMatchObject({
    rules: [],
    notes: [{ code: 'not-signed-in' }],
  })
})

test('other text is neither a refusal nor a command', () => {
  for (const text of ['', 'restart payments', 'x'.repeat(100_000)]) expect(readPaste(text)).toBeNull()
})
