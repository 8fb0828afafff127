import { describe, expect, test } from 'vitest'
import { stepsOf } from '#testing/steps'
import { api, binding, checkText, documents, found, role, unread } from './checking.testing.ts'

const exec = '[{apiGroups: [""], resources: [pods/exec], verbs: [create]}]'
const anObject = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'r' }, rules: [] }
const harmless = '[{apiGroups: [""], resources: [configmaps], verbs: [get]}]'
const mina = '[{kind: User, name: mina}]'
const pods = '[{apiGroups: [""], resources: [pods], verbs: [create]}]'
const clusterRole = '{kind: ClusterRole, name: r}'

describe('a role', () => {
  test('a finding is placed at the verb and the resource that grant the permission', () => {
    const { findings } = checkText(
      `${api}\nkind: Role\nmetadata:\n  name: r\nrules:\n- apiGroups: [""]\n  resources:\n  - pods\n  - pods/exec\n  verbs: [get, create]\n`,
    )
    const finding = findings.find(({ id }) => id === 'runs-commands-in-pods')
    expect(finding?.places.map(({ line, column, excerpt }) => [line, column, excerpt.mark])).toEqual([
      [10, 16, 'create'],
      [9, 5, 'pods/exec'],
    ])
  })

  test('a finding caused by a wildcard or a pattern is placed at it', () => {
    const { findings } = checkText(role('[{apiGroups: [""], resources: ["*/exec"], verbs: ["*"]}]'))
    const finding = findings.find(({ id }) => id === 'wildcard-verbs')
    expect(finding?.places.map(({ excerpt }) => excerpt.mark)).toEqual(['"*"', '"*/exec"'])
  })

  test('verbs and names that the API server never allows are findings at their place, with what to write instead', () => {
    const rule = '{apiGroups: [""], resources: [configmaps], verbs: [get, create], resourceNames: [a, "*"]}'
    const { findings } = checkText(role(`[${rule}]`))
    const never = findings.filter(({ id }) => id === 'never-allowed')
    expect(never.map(({ severity, places }) => [severity, places[0].excerpt.mark])).toEqual([
      ['medium', 'create'],
      ['medium', '"*"'],
    ])
    expect(never[0]?.sentence).toContain('Put create in a rule without resourceNames.')
  })

  test('rules for cluster-scoped resources are findings in a ClusterRole, not in a Role', () => {
    const nodes = '[{apiGroups: [""], resources: [nodes/proxy], verbs: [create]}]'
    expect(found(checkText(role(nodes)))).toEqual([])
    expect(found(checkText(role(nodes, '{name: r}', 'ClusterRole')))[0]).toMatch(/^high /)
  })

  test('a role is found in lists, in typed lists without kinds, in JSON and in any version of the API', () => {
    const item = `{metadata: {name: r, namespace: n}, rules: ${exec}}`
    const whole = `{apiVersion: rbac.authorization.k8s.io/v1beta1, kind: Role, metadata: {name: r}, rules: ${exec}}`
    const json = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ kind: 'List', items: [] }] })
    for (const text of [
      `${api}\nkind: RoleList\nitems: [${item}]`,
      `apiVersion: v1\nkind: List\nitems: [${whole}]`,
      `[${whole}]`,
      `{"apiVersion": "v1", "kind": "List", "items": [\n\t${whole.replace(/[a-zA-Z0-9./]+/g, '"$&"').replace('""""', '""')}]}`,
    ])
      expect(found(checkText(text)), text).toContain('medium runs-commands-in-pods')
    expect(found(checkText(json))).toEqual([])
  })

  test('a Role of another API group is ignored', () => {
    expect(
      checkText('apiVersion: iam.example.com/v1\nkind: Role\nmetadata: {name: x}\nrules: nonsense\n').objects,
    ).toEqual([])
  })
})

describe('a binding', () => {
  test('a binding to a role of the same input repeats no finding of the role', () => {
    const text = documents(binding('{kind: Role, name: r}', mina), role(exec))
    expect(found(checkText(text))).toEqual(['medium runs-commands-in-pods'])
  })

  test('a binding to an unknown role is a finding', () => {
    expect(found(checkText(binding('{kind: Role, name: r}', mina)))).toEqual(['medium unknown-role'])
    expect(
      found(checkText(documents(binding('{kind: Role, name: r}', mina), role(exec, '{name: r, namespace: other}')))),
    ).toContain('medium unknown-role')
  })

  test('a binding to an existing role is judged by the rules of that role', () => {
    expect(found(checkText(binding('{kind: Role, name: r}', mina), {}, role(exec)))).toEqual([
      'medium binds-existing-role',
    ])
    expect(found(checkText(binding('{kind: Role, name: r}', mina), {}, role(harmless)))).toEqual([
      'low binds-existing-role',
    ])
  })

  test.each([
    ['cluster-admin', 'high'],
    ['admin', 'high'],
    ['edit', 'high'],
    ['view', 'low'],
  ])('a binding to the built-in role %s has the severity %s', (name, severity) => {
    expect(found(checkText(binding(`{kind: ClusterRole, name: ${name}}`, mina)))).toEqual([
      `${severity} binds-builtin-role`,
    ])
  })

  test('a binding in a system namespace is more severe than its ClusterRole', () => {
    const inKubeSystem = { metadata: '{name: b, namespace: kube-system}' }
    const text = documents(role(pods, '{name: r}', 'ClusterRole'), binding(clusterRole, mina, inKubeSystem))
    expect(found(checkText(text))).toEqual(['medium creates-pods', 'high creates-pods'])
  })

  test('a binding of the whole cluster is judged as one that reaches kube-system too', () => {
    const text = documents(
      role(pods, '{name: r}', 'ClusterRole'),
      binding(clusterRole, mina, { kind: 'ClusterRoleBinding', metadata: '{name: b}' }),
    )
    expect(found(checkText(text))).toEqual(['medium creates-pods', 'high creates-pods'])
  })

  test('a binding to an aggregated role grants the rules of its parts', () => {
    const aggregated = `${api}\nkind: ClusterRole\nmetadata: {name: r}\naggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b}}]}\n`
    const part = role(exec, '{name: part, labels: {a: b}}', 'ClusterRole')
    const all = '[{kind: Group, name: system:authenticated}]'
    const text = documents(
      aggregated,
      part,
      binding(clusterRole, all, { kind: 'ClusterRoleBinding', metadata: '{name: b}' }),
    )
    expect(found(checkText(text))).toEqual([
      'low aggregated-role',
      'medium runs-commands-in-pods',
      'high runs-commands-in-pods',
      'high binds-everyone',
    ])
  })
})

describe('a subject', () => {
  const bound = (subject: string, rules = harmless) =>
    found(checkText(documents(role(rules), binding('{kind: Role, name: r}', `[${subject}]`)))).filter((line) =>
      line.includes(' binds-'),
    )

  test.each([
    ['{kind: Group, name: system:unauthenticated}', 'high binds-anonymous'],
    ['{kind: User, name: system:anonymous}', 'high binds-anonymous'],
    ['{kind: Group, name: system:authenticated}', 'medium binds-everyone'],
    ['{kind: Group, name: system:serviceaccounts}', 'medium binds-everyone'],
    ['{kind: Group, name: system:masters}', 'medium binds-masters'],
    ['{kind: ServiceAccount, name: default}', 'medium binds-default-account'],
    ['{kind: ServiceAccount, name: default, namespace: other}', 'medium binds-default-account'],
    ['{kind: User, name: "system:serviceaccount:other:default"}', 'medium binds-default-account'],
    ['{kind: Group, name: "system:serviceaccounts:other"}', 'medium binds-default-account'],
  ])('the subject %s is too broad', (subject, expected) => {
    expect(bound(subject)).toEqual([expected])
  })

  test.each([
    '{kind: User, name: mina}',
    '{kind: Group, name: default}',
    '{kind: ServiceAccount, name: app, namespace: n}',
  ])('the subject %s is not too broad', (subject) => {
    expect(bound(subject)).toEqual([])
  })

  test('a binding to everyone is as severe as the role that it grants', () => {
    expect(bound('{kind: Group, name: system:authenticated}', exec)).toEqual(['high binds-everyone'])
    expect(bound('{kind: Group, name: system:authenticated}', '[{nonResourceURLs: [/healthz], verbs: [get]}]')).toEqual(
      ['low binds-everyone'],
    )
  })
})

describe('non-resource paths', () => {
  const paths = (...urls: string[]) =>
    `[{nonResourceURLs: [${urls.map((url) => `"${url}"`).join(', ')}], verbs: [get]}]`
  const clusterRoleOf = (rules: string) => role(rules, '{name: r}', 'ClusterRole')
  const everywhere = { kind: 'ClusterRoleBinding', metadata: '{name: b}' }

  test('a path in a ClusterRole is a finding, placed at its verb and its URL', () => {
    const { findings } = checkText(clusterRoleOf(paths('/healthz', '/debug/pprof/*')))
    expect(findings.map(({ severity, id, because }) => [severity, id, because])).toEqual([
      ['medium', 'profiles-control-plane', ['get /debug/pprof/*']],
    ])
    expect(findings[0]?.places.map(({ line, column }) => [line, column])).toHaveLength(2)
    expect(found(checkText(clusterRoleOf(paths('*'))))).toEqual(['medium reaches-every-path'])
    expect(found(checkText(clusterRoleOf(paths('/healthz', '/version', '/api/*'))))).toEqual([])
  })

  test('paths are granted by a ClusterRoleBinding, not by a RoleBinding', () => {
    const existing = clusterRoleOf(paths('/logs/*'))
    const bound = (subject: string, options = {}) =>
      found(checkText(binding(clusterRole, `[${subject}]`, options), {}, existing))
    const user = '{kind: User, name: mina}'
    expect(bound(user)).toEqual(['low binds-existing-role'])
    expect(bound(user, everywhere)).toEqual(['medium binds-existing-role'])
    expect(bound('{kind: User, name: system:anonymous}', everywhere)).toContain('medium binds-anonymous')
    expect(bound('{kind: Group, name: system:authenticated}', everywhere)).toContain('high binds-everyone')
  })

  test('a binding to system:monitoring lists the paths that this built-in role grants', () => {
    const monitoring = binding('{kind: ClusterRole, name: "system:monitoring"}', mina, everywhere)
    const [first] = checkText(monitoring).findings
    expect(first).toMatchObject({ id: 'binds-builtin-role', severity: 'low' })
    expect(first?.because).toEqual(['reads-kubelets', 'reads-control-plane-metrics', 'reads-component-configuration'])
  })

  test('an aggregated role grants the paths of its parts', () => {
    const aggregated = `${api}\nkind: ClusterRole\nmetadata: {name: r}\naggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b}}]}\n`
    const part = role(paths('/metrics'), '{name: part, labels: {a: b}}', 'ClusterRole')
    const all = '[{kind: Group, name: system:authenticated}]'
    const text = documents(part, aggregated, binding(clusterRole, all, everywhere))
    expect(found(checkText(text))).toEqual([
      'low reads-control-plane-metrics',
      'low aggregated-role',
      'medium binds-everyone',
    ])
  })

  test('other paths have another fingerprint', () => {
    const fingerprint = (...urls: string[]) => checkText(clusterRoleOf(paths(...urls))).findings[0]?.fingerprint
    expect(fingerprint('/logs/*')).toBe(fingerprint('/logs/*'))
    expect(fingerprint('/logs/*')).not.toBe(fingerprint('/logs/a'))
  })
})

describe('input that is not a manifest', () => {
  test.each([
    ['invalid YAML', `kind: Role\n  metadata: {`, /invalid YAML/],
    ['a template', 'kind: {{ .Values.kind }}\n', /render it first/],
    ['a template that is valid YAML', `${api}\nkind: Role\nmetadata: {name: {{ .Release.Name }}}\n`, /render it first/],
    ['a list without a kind', `apiVersion: v1\nitems:\n- ${JSON.stringify(anObject)}\n`, /^1: a list must have a kind/],
    [
      'a list with nothing but items',
      `items:\n- {metadata: {name: r}, rules: ${exec}}\n`,
      /^1: a list must have a kind/,
    ],
    ['a role without a kind', `${api}\nmetadata: {name: r}\nrules: ${exec}\n`, /^1: an object must have a kind/],
    ['rules that are not a list', role('yes'), /^4: rules must be a list/],
    [
      'a verb that is a number',
      role('[{apiGroups: [""], resources: [pods], verbs: [1]}]'),
      /^4: verbs must be a list of strings/,
    ],
    ['a rule without verbs', role('[{apiGroups: [""], resources: [pods]}]'), /^4: a rule must have verbs/],
    ['a rule without groups', role('[{resources: [pods], verbs: [get]}]'), /^4: a rule must have apiGroups/],
    ['no name', role(exec, '{namespace: a}'), /^1: a Role must have a name/],
    ['no apiVersion', 'kind: ClusterRole\nmetadata: {name: x}\n', /^1: a ClusterRole must have an apiVersion/],
    ['a binding without a role', binding('{}', mina), /^4: a binding must have a roleRef/],
    [
      'a ClusterRoleBinding to a Role',
      binding('{kind: Role, name: r}', mina, { kind: 'ClusterRoleBinding' }),
      /cannot refer to a Role/,
    ],
    ['an alias without anchor', role('*nowhere'), /anchor/i],
    ['a key that is not a string', role('[{? [a] : b}]'), /a key must be a string/],
    [
      'a mapping merged into itself',
      `${api}\nkind: Role\nmetadata: {name: x}\nrules: [&a {<<: *a}]\n`,
      /anchor|too many/i,
    ],
    ['a list that contains itself', `&a\nkind: List\napiVersion: v1\nitems: [*a, {kind: Role}]\n`, /nested too deep/],
  ])('%s is reported as unreadable, with its line', (_, text, expected) => {
    const checker = checkText(text)
    expect(unread(checker).length).toBeGreaterThan(0)
    expect(unread(checker)[0]).toMatch(expected)
  })

  test('an unreadable item of a list does not affect the other items', () => {
    const checker = checkText(
      `${api}\nkind: RoleList\nitems:\n- {metadata: {}}\n- {metadata: {name: r}, rules: ${exec}}\n`,
    )
    expect(found(checker)).toEqual(['medium runs-commands-in-pods'])
    expect(unread(checker)).toEqual(['4: a Role must have a name'])
  })

  test('an unreadable document does not affect the next one', () => {
    expect(found(checkText(documents('kind: Role\n  a: {\n', role(exec))))).toEqual(['medium runs-commands-in-pods'])
  })
})

describe('hostile YAML', () => {
  const many = (count: number, line: (n: number) => string) => Array.from({ length: count }, (_, n) => line(n)).join('')
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${many(12, (n) => `${'bcdefghijklm'[n]}: &${'bcdefghijklm'[n]} [${`*${'abcdefghijklm'[n]},`.repeat(9)}]\n`)}`
  test.each([
    ['an alias bomb', `${bomb}${role('*m')}`, /a rule must be a mapping/],
    [
      'a merge bomb',
      `a: &a {k: v}\n${many(12, (n) => `${'bcdefghijklm'[n]}: &${'bcdefghijklm'[n]} {<<: [${`*${'abcdefghijklm'[n]},`.repeat(9)}]}\n`)}${role('[*m]')}`,
      /too many/,
    ],
    [
      'twenty thousand nested brackets',
      `${api}\nkind: Role\nmetadata: {name: x}\nrules: ${'['.repeat(20_000)}`,
      /nested too deep/,
    ],
    ['ten thousand nested keys', `${api}\nkind: Role\nx:\n ${'? '.repeat(10_000)}Role`, /nested too deep/],
    ['ten thousand nested lists', `${api}\nkind: Role\nx:\n ${'- '.repeat(10_000)}Role`, /nested too deep/],
    ['ten thousand keys', `${role(exec)}${many(10_000, (n) => `k${n}: v\n`)}`, null],
    [
      'five thousand anchors and aliases',
      `${role(exec)}x:\n${many(5_000, (n) => `- &a${n} y\n`)}${many(5_000, (n) => `- *a${n}\n`)}`,
      null,
    ],
    ['a line of a million characters', `${role(exec)}x: "${'y'.repeat(1_000_000)}"\n`, null],
    ['fifty thousand directives', `${role(exec)}${many(50_000, () => '%a\n')}`, null],
    ['fifty thousand directives before a key', `${role(exec)}${many(50_000, () => '%a\n')}x: y\n`, /invalid YAML/],
    ['fifty thousand braces on a line', `${role(exec)}x: ${'{{ '.repeat(3_000)}\n`, /render it|too deep/],
    [
      'twenty thousand objects without a name',
      `${api}\nkind: RoleList\nitems:\n${many(20_000, () => '- {}\n')}`,
      'many',
    ],
    ['fifty thousand blank lines', `${'\n'.repeat(50_000)}${role(exec)}`, null],
  ])(
    '%s is refused or read in linear time',
    (_, text, refusal) => {
      let checker = checkText('')
      const steps = stepsOf(() => {
        checker = checkText(text)
      })
      if (refusal === 'many') expect(unread(checker)).toHaveLength(20_000)
      else if (refusal) expect(unread(checker)).toEqual([expect.stringMatching(refusal)])
      else expect([found(checker), unread(checker)]).toEqual([['medium runs-commands-in-pods'], []])
      // Up to four million where the reading is linear; hundreds of millions where it is not.
      expect(steps).toBeLessThan(10_000_000)
    },
    60_000,
  )

  test('an alias bomb that no role uses does not prevent the check of the role', () => {
    expect(found(checkText(`${bomb}${role(exec)}`))).toEqual(['medium runs-commands-in-pods'])
  })
})

describe('YAML notations', () => {
  const expected = ['medium runs-commands-in-pods']
  const plain = role(exec)
  test.each([
    ['CRLF', plain.replaceAll('\n', '\r\n')],
    ['a directive', `%YAML 1.2\n---\n${plain}`],
    ['an anchor and its alias', `x: &rules ${exec}\n${role('*rules')}`],
    ['an anchor that is redefined', `x: &rules []\ny: &rules ${exec}\n${role('*rules')}`],
    ['a merge', `x: &rule {apiGroups: [""], resources: [pods/exec]}\n${role('[{<<: *rule, verbs: [create]}]')}`],
    ['quotes with escapes', plain.replace('kind: Role', 'kind: "\\x52ole"').replaceAll('Role\n', 'Role\n')],
    ['a folded kind', plain.replace('kind: Role', 'kind: "Ro\\\n  le"')],
    ['another key with null', `${plain}subjects: null\n`],
  ])('a role with %s has the same findings', (_, text) => {
    expect(found(checkText(text))).toEqual(expected)
  })

  test('the text of a value is not a role', () => {
    expect(checkText('apiVersion: v1\nkind: ConfigMap\ndata: {a: "kind: Role"}\n').objects).toEqual([])
  })
})

describe("OpenShift's RBAC", () => {
  const openshift = 'apiVersion: authorization.openshift.io/v1'
  const clusterAdmin = (rest: string, apiVersion = openshift) =>
    `${apiVersion}\nkind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {name: cluster-admin}\n${rest}\n`

  test.each([
    ['userNames', 'userNames: [mina]'],
    ['groupNames', 'groupNames: [dev]\nuserNames: null'],
    ['subjects', 'subjects: [{kind: SystemUser, name: "system:admin"}]'],
  ])('a binding of cluster-admin with %s is high', (_, rest) => {
    expect(found(checkText(clusterAdmin(rest)))).toEqual(['high binds-builtin-role'])
    expect(found(checkText(clusterAdmin(rest, 'apiVersion: v1')))).toEqual(['high binds-builtin-role'])
  })

  test.each([
    ['groupNames: ["system:unauthenticated"]', 'high binds-anonymous'],
    ['groupNames: ["system:authenticated:oauth"]', 'high binds-everyone'],
    ['userNames: ["system:serviceaccount:ci:default"]', 'high binds-default-account'],
    ['subjects: [{kind: SystemGroup, name: "system:authenticated"}]', 'high binds-everyone'],
  ])('the subject in %j is too broad', (rest, expected) => {
    expect(found(checkText(clusterAdmin(rest)))).toContain(expected)
  })

  test('a roleRef with a namespace is a Role, and one without is a ClusterRole, whatever its kind', () => {
    const bound = (roleRef: string) =>
      `${openshift}\nkind: RoleBinding\nmetadata: {name: b, namespace: payments}\nroleRef: ${roleRef}\nuserNames: [mina]\n`
    expect(found(checkText(bound('{name: r, namespace: payments}'), {}, role(exec)))).toEqual([
      'medium binds-existing-role',
    ])
    expect(found(checkText(bound('{kind: Role, name: admin}')))).toEqual(['high binds-builtin-role'])
  })

  test('a role of either API is the same role, and a rule without API groups has the core group', () => {
    const text = documents(
      role(exec).replace('rbac.authorization.k8s.io', 'authorization.openshift.io').replace('apiGroups: [""], ', ''),
      binding('{kind: Role, name: r}', mina),
    )
    expect(found(checkText(text))).toEqual(['medium runs-commands-in-pods'])
  })
})

describe('an object inside of another object', () => {
  const inner = (kind: string, text: string) => JSON.stringify({ ...JSON.parse(text), kind })
  const execRole = JSON.stringify({
    ...anObject,
    rules: [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] }],
  })
  const wrapped = (apiVersion: string, kind: string, rest: string) =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: w}\n${rest}\n`

  test.each([
    ['an OpenShift Template', wrapped('template.openshift.io/v1', 'Template', `objects: [${execRole}]`)],
    ['a SelectorSyncSet', wrapped('hive.openshift.io/v1', 'SelectorSyncSet', `spec: {resources: [${execRole}]}`)],
    [
      'a ManifestWork',
      wrapped('work.open-cluster-management.io/v1', 'ManifestWork', `spec: {workload: {manifests: [${execRole}]}}`),
    ],
    [
      'a Template of a SelectorSyncSet',
      wrapped(
        'v1',
        'Template',
        `objects:\n- apiVersion: hive.openshift.io/v1\n  kind: SelectorSyncSet\n  spec: {resources: [${execRole}]}`,
      ),
    ],
    [
      'a list in a SyncSet',
      wrapped(
        'hive.openshift.io/v1',
        'SyncSet',
        `spec: {resources: [{apiVersion: v1, kind: List, items: [${execRole}]}]}`,
      ),
    ],
    [
      'an Object of Crossplane',
      wrapped('kubernetes.crossplane.io/v1alpha2', 'Object', `spec: {forProvider: {manifest: ${execRole}}}`),
    ],
    ['a task of Ansible', `- name: role\n  kubernetes.core.k8s:\n    definition: ${execRole}\n`],
    [
      'a policy of Open Cluster Management',
      wrapped(
        'policy.open-cluster-management.io/v1',
        'ConfigurationPolicy',
        `spec: {object-templates: [{complianceType: musthave, objectDefinition: ${execRole}}]}`,
      ),
    ],
    ['another kind of list', wrapped('example.com/v1', 'BundleList', `items: [${execRole}]`)],
  ])('a role in %s is checked', (_, text) => {
    expect(found(checkText(text))).toEqual(['medium runs-commands-in-pods'])
  })

  test('an object that a policy removes is not checked', () => {
    const rest = `spec: {object-templates: [{complianceType: mustnothave, objectDefinition: ${execRole}}]}`
    expect(found(checkText(wrapped('policy.open-cluster-management.io/v1', 'ConfigurationPolicy', rest)))).toEqual([])
  })

  test('the parameters of a Template that have a value are replaced', () => {
    const bound = inner(
      'ClusterRoleBinding',
      `{"apiVersion": "authorization.openshift.io/v1", "metadata": {"name": "b"}, "roleRef": {"name": "\${ROLE}"}, "userNames": ["\${USER}"]}`,
    )
    const rest = `parameters: [{name: ROLE, value: cluster-admin}, {name: USER}]\nobjects: [${bound}]`
    expect(found(checkText(wrapped('template.openshift.io/v1', 'Template', rest)))).toEqual(['high binds-builtin-role'])
  })

  test('a reference to a role is not a role', () => {
    const owner = '{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, name: r, uid: x}'
    const text = wrapped('v1', 'ConfigMap', `data: {}\nx: ${owner}`).replace(
      '{name: w}',
      `{name: w, ownerReferences: [${owner}]}`,
    )
    expect(checkText(text)).toMatchObject({ objects: [], unreadable: [] })
  })

  test('an unreadable object does not affect the others', () => {
    const rest = `spec: {resources: [{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {}}, ${execRole}]}`
    const checker = checkText(wrapped('hive.openshift.io/v1', 'SyncSet', rest))
    expect([found(checker), unread(checker)]).toEqual([
      ['medium runs-commands-in-pods'],
      ['4: a Role must have a name'],
    ])
  })
})

describe('files of other programs', () => {
  test.each([
    [
      'CloudFormation',
      `Resources:\n  Role:\n    Type: AWS::IAM::Role\n    Properties: {Name: !Sub "\${X}-Role", P: !GetAtt [a, b]}\n`,
    ],
    ['mkdocs', 'markdown_extensions:\n- x: {emoji: !!python/name:material.emoji Role}\n'],
    ['GitLab', 'Role:\n  script:\n  - !reference [.setup, script]\n  <<: *unknown\n'],
    ['Ansible', '- hosts: all\n  vars:\n    Role: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      {{ x }}\n'],
    ['docker compose', 'services:\n  web: &web {image: Role}\n  b: {<<: *web}\n  b: {}\n'],
    ['a workflow', `on: push\njobs: {Role: {runs-on: "\${{ matrix.os }}"}}\n`],
    ['values of a chart', 'rbac: {create: true, kind: ClusterRole, rules: []}\n1: x\n? [a]\n: Role\n'],
    ['something that is not YAML at all', 'Role: {{{\n\t- x: [\n'],
    ['text with braces', 'Role: |\n x\n"a": "\\d"\nb: {{ c }}\n'],
  ])('%s is counted and otherwise ignored', (_, text) => {
    expect(checkText(text)).toMatchObject({ objects: [], unreadable: [], otherFiles: 1 })
  })

  test.each([
    ['an unknown tag', 'x: !Sub y\n'],
    ['a list that is not valid', 'x: [\n'],
  ])('a manifest with %s is not ignored', (_, more) => {
    const checker = checkText(`${role(exec)}${more}`)
    expect([...found(checker), ...unread(checker)]).toHaveLength(1)
    expect(checker.otherFiles).toBe(0)
  })

  test('only a template is called a template', () => {
    const broken = `${api}\nkind: Role\nmetadata:\n  annotations: {a: "{{ x }}"}\n  name: [\n`
    expect(unread(checkText(broken))[0]).toMatch(/invalid YAML/)
    expect(unread(checkText(`${api}\nkind: Role\nmetadata:\n  {{- include "x" . | nindent 2 }}\n`))[0]).toMatch(
      /render it/,
    )
    expect(unread(checkText('{{- range .Values.roles }}\n{{ include "role" . }}\n{{- end }}\n'))[0]).toMatch(
      /render it/,
    )
  })
})
