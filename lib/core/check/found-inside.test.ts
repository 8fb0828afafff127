import { describe, expect, test } from 'vitest'
import { api, checkText, documents, found, role, unread } from './checking.testing.ts'

const exec = '[{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}]'

describe('permissions of an operator', () => {
  const operator = (permissions: string, rest = '') =>
    `apiVersion: operators.coreos.com/v1alpha1\nkind: ClusterServiceVersion\nmetadata: {name: op.v1, namespace: ops}\nspec: {install: {spec: {${permissions}}}${rest}}\n`
  const execs = "rules: [{apiGroups: [''], resources: [pods/exec], verbs: [create]}]"
  const reads = "rules: [{apiGroups: [''], resources: [nodes], verbs: [patch]}]"

  test('the rules of each service account are checked, in the namespace or in the whole cluster', () => {
    const checker = checkText(
      operator(
        `clusterPermissions: [{serviceAccountName: a, ${reads}}], permissions: [{serviceAccountName: a, ${execs}}, {serviceAccountName: b, ${reads}}]`,
      ),
    )
    expect(checker.objects.map(({ object }) => `${object.kind} ${object.namespace} ${object.name}`)).toEqual([
      'ClusterRole null op.v1/a',
      'ClusterRoleBinding null op.v1/a',
      'Role ops op.v1/a',
      'RoleBinding ops op.v1/a',
      'Role ops op.v1/b',
      'RoleBinding ops op.v1/b',
    ])
    expect(found(checker)).toEqual(['high steals-pods', 'medium runs-commands-in-pods'])
  })

  test('permissions of an operator for all namespaces count for the whole cluster', () => {
    const modes = ', installModes: [{type: AllNamespaces, supported: true}]'
    const text = operator(`permissions: [{serviceAccountName: a, ${reads}}]`, modes)
    expect([found(checkText(text)), found(checkText(text.replace('true', 'false')))]).toEqual([
      ['high steals-pods'],
      [],
    ])
  })

  test('the default service account and rules that cannot be read are found', () => {
    const checker = checkText(operator(`permissions: [{serviceAccountName: default, ${execs}}, {rules: [x]}]`))
    expect([found(checker), unread(checker)]).toEqual([
      ['medium runs-commands-in-pods', 'medium binds-default-account'],
      ['4: a rule must be a mapping'],
    ])
  })
})

describe('a patch of an object that is not in the input', () => {
  const patch = (patched: string, text: string) =>
    `apiVersion: hive.openshift.io/v1\nkind: SyncSet\nmetadata: {name: s}\nspec:\n  patches:\n  - ${api}\n    ${patched}\n    patch: |-\n      ${text}\n`
  const rule = '{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}'

  test.each([
    ['a merge patch', `{"rules": [${rule}]}`],
    ['a merge patch in YAML', `rules: [${rule}]`],
    ['an added rule', `[{"op": "add", "path": "/rules/-", "value": ${rule}}]`],
    [
      'replaced rules',
      `[{"op": "test", "path": "/rules", "value": []}, {"op": "replace", "path": "/rules", "value": [${rule}]}]`,
    ],
  ])('the rules of %s are checked', (_, text) => {
    const checker = checkText(patch('kind: ClusterRole\n    name: r', text))
    expect(found(checker)).toEqual(['medium runs-commands-in-pods'])
    expect(checker.findings[0]).toMatchObject({ object: { kind: 'ClusterRole', name: 'r' }, places: [{ line: 10 }] })
  })

  test.each([
    ['a part of a rule', 'ClusterRole', '[{"op": "add", "path": "/rules/0/verbs/-", "value": "*"}]', 'changes a part'],
    ['a moved part', 'ClusterRole', '[{"op": "copy", "path": "/rules/-", "from": "/x"}]', 'changes a part'],
    ['the subjects of a binding', 'ClusterRoleBinding', '{"subjects": []}', 'changes a binding'],
    ['invalid text', 'ClusterRole', '{"rules": [', 'not a single valid document'],
  ])('%s is reported as not read', (_, kind, text, message) => {
    const checker = checkText(patch(`kind: ${kind}\n    name: r`, text))
    expect(checker).toMatchObject({ findings: [], unreadable: [], notRead: [{ line: 10 }] })
    expect(checker.notRead[0]?.message).toMatch(`a patch of ${kind} r: it`)
    expect(checker.notRead[0]?.message).toMatch(message)
  })

  test('a patch that only changes labels grants nothing', () => {
    const text = '[{"op": "add", "path": "/metadata/labels/a", "value": "b"}]'
    expect(checkText(patch('kind: ClusterRole\n    name: r', text))).toMatchObject({ findings: [], notRead: [] })
  })
})

describe('a manifest in a text', () => {
  const manifest = role(exec, '{name: r, namespace: payments}', 'Role')
  const indented = (text: string, by: string) => text.replace(/^(?=.)/gm, by)
  const configMap = (value: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a.yaml: ${value}\n`

  test('a literal block is checked, and findings have their own lines', () => {
    const text = configMap(`|\n${indented(documents('# first\n', manifest, manifest), '    ')}`)
    const checker = checkText(text)
    expect(found(checker)).toEqual(['medium runs-commands-in-pods', 'medium runs-commands-in-pods'])
    expect(checker.findings.map(({ places: [{ line, column, excerpt }] }) => [line, column, excerpt.mark])).toEqual([
      [11, 71, '"create"'],
      [16, 71, '"create"'],
    ])
  })

  test.each([
    ['quoted text', configMap(JSON.stringify(manifest))],
    [
      'JSON in a text',
      configMap(
        `'{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": ${exec}}'`,
      ),
    ],
    [
      'a folded block',
      configMap(
        `>\n    {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"},\n    "rules": ${exec}}`,
      ),
    ],
    ['a text in a text', configMap(JSON.stringify(configMap(JSON.stringify(manifest))))],
    [
      'a Secret of a ClusterResourceSet',
      `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: addons.cluster.x-k8s.io/resource-set\ndata: {a: ${btoa(manifest)}}\n`,
    ],
    [
      'a file of a machine',
      `apiVersion: bootstrap.cluster.x-k8s.io/v1beta1\nkind: KubeadmConfig\nspec:\n  files:\n  - path: /x\n    content: |\n${indented(manifest, '      ')}`,
    ],
    [
      'an operator in a text',
      configMap(
        JSON.stringify(
          `apiVersion: operators.coreos.com/v1alpha1\nkind: ClusterServiceVersion\nmetadata: {name: o}\nspec: {install: {spec: {permissions: [{serviceAccountName: a, rules: ${exec}}]}}}`,
        ),
      ),
    ],
    [
      'a rule of Kyverno that generates it',
      `apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  rules:\n  - generate:\n      ${api}\n      kind: Role\n      name: r\n      namespace: "{{request.object.metadata.name}}"\n      data: {rules: ${exec}}\n`,
    ],
  ])('%s is checked', (_, text) => {
    const checker = checkText(text)
    expect([found(checker), unread(checker), checker.notRead]).toEqual([['medium runs-commands-in-pods'], [], []])
  })

  test.each([
    [
      'a template',
      configMap(`|\n    ${api}\n    kind: Role\n    metadata:\n      name: {{ .name }}\n`),
      'this is a template',
    ],
    [
      'a script',
      configMap(`|\n    cat <<EOF | kubectl apply -f -\n    ${api}\n    kind: Role\n    EOF\n`),
      'invalid YAML',
    ],
    ['a role without a name', configMap(`|\n    ${api}\n    kind: Role\n`), 'a Role must have a name'],
  ])('%s that cannot be read is reported, and prevents no result', (_, text, message) => {
    const checker = checkText(text)
    expect(checker).toMatchObject({ findings: [], unreadable: [], notRead: [{ file: 'a.yaml' }] })
    expect(checker.notRead[0]?.message).toMatch(`a text that mentions roles: ${message}`)
    expect(checker.notRead[0]?.line).toBeGreaterThan(4)
  })

  test('a copy of an object in its annotations is not checked', () => {
    const copy = `kubectl.kubernetes.io/last-applied-configuration: ${JSON.stringify(manifest)}`
    expect(checkText(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {${copy}}}\n`).objects).toEqual(
      [],
    )
  })

  test('texts in texts without end are reported', () => {
    let text = manifest
    for (let depth = 0; depth < 5; depth++) text = configMap(JSON.stringify(text))
    const { objects, unreadable, notRead } = checkText(text)
    expect([objects, unreadable, notRead.map(({ message }) => message)]).toEqual([
      [],
      [],
      ['a text that mentions roles: nested too deeply'],
    ])
  })

  test('a waiver in a text accepts a finding of the text', () => {
    const waived = `# postern:waive runs-commands-in-pods until 2027-01-01: known\n${manifest}`
    expect(found(checkText(configMap(`|\n${indented(waived, '    ')}`)))).toEqual([])
  })
})

describe('objects that install something from elsewhere', () => {
  test('are counted by their kind', () => {
    const object = (apiVersion: string, kind: string) =>
      `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: x}\n`
    const flux = object('helm.toolkit.fluxcd.io/v2', 'HelmRelease')
    const { installers } = checkText(
      documents(flux, flux, object('argoproj.io/v1alpha1', 'Application'), object('apps/v1', 'Deployment')),
    )
    expect([...installers]).toEqual([
      ['HelmRelease', 2],
      ['Application', 1],
    ])
  })
})
