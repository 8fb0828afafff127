import { describe, expect, test } from 'vitest'
import { stepsOf } from '#testing/steps'
import { api, binding, checkText, documents, found, role, unread } from './checking.testing.ts'

const exec = '[{apiGroups: [""], resources: [pods/exec], verbs: [create]}]'
const harmless = '[{apiGroups: [""], resources: [configmaps], verbs: [get]}]'
const mina = '[{kind: User, name: mina}]'
const clusterRole = '{kind: ClusterRole, name: r}'

describe('a role', () => {
  test('is judged by the catalogue, each finding at the words that give it', () => {
    const { findings } = checkText(
      `${api}\nkind: Role\nmetadata:\n  name: r\nrules:\n- apiGroups: [""]\n  resources:\n  - pods\n  - pods/exec\n  verbs: [get, create]\n`,
    )
    const finding = findings.find(({ id }) => id === 'runs-commands-in-pods')
    expect(finding?.places.map(({ line, column, excerpt }) => [line, column, excerpt.mark])).toEqual([
      [10, 16, 'create'],
      [9, 5, 'pods/exec'],
    ])
  })

  test('gives what a wildcard or a pattern of its rule gives, and the mark is under that', () => {
    const { findings } = checkText(role('[{apiGroups: [""], resources: ["*/exec"], verbs: ["*"]}]'))
    const finding = findings.find(({ id }) => id === 'wildcard-verbs')
    expect(finding?.places.map(({ excerpt }) => excerpt.mark)).toEqual(['"*"', '"*/exec"'])
  })

  test('may say nothing about the objects of the cluster; a ClusterRole may', () => {
    const nodes = '[{apiGroups: [""], resources: [nodes/proxy], verbs: [create]}]'
    expect(found(checkText(role(nodes)))).toEqual([])
    expect(found(checkText(role(nodes, '{name: r}', 'ClusterRole')))[0]).toMatch(/^high /)
  })

  test('is found in lists, in typed lists without kinds, in JSON and in any version of the API', () => {
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

  test('of another API is none of ours', () => {
    expect(
      checkText('apiVersion: iam.example.com/v1\nkind: Role\nmetadata: {name: x}\nrules: nonsense\n').objects,
    ).toEqual([])
  })
})

describe('a binding', () => {
  test('to a role of the same input, wherever it stands, adds nothing to what was said of the role', () => {
    const text = documents(binding('{kind: Role, name: r}', mina), role(exec))
    expect(found(checkText(text))).toEqual(['medium runs-commands-in-pods'])
  })

  test('to a role that nobody knows is told: it may be anything', () => {
    expect(found(checkText(binding('{kind: Role, name: r}', mina)))).toEqual(['medium unknown-role'])
    expect(
      found(checkText(documents(binding('{kind: Role, name: r}', mina), role(exec, '{name: r, namespace: other}')))),
    ).toContain('medium unknown-role')
  })

  test('to a role that is said to be there is judged by what that gives', () => {
    expect(found(checkText(binding('{kind: Role, name: r}', mina), {}, role(exec)))).toEqual([
      'medium binds-given-role',
    ])
    expect(found(checkText(binding('{kind: Role, name: r}', mina), {}, role(harmless)))).toEqual([
      'low binds-given-role',
    ])
  })

  test.each([
    ['cluster-admin', 'high'],
    ['admin', 'high'],
    ['edit', 'high'],
    ['view', 'low'],
  ])('to %s, which every cluster has, is %s', (name, severity) => {
    expect(found(checkText(binding(`{kind: ClusterRole, name: ${name}}`, mina)))).toEqual([
      `${severity} binds-builtin-role`,
    ])
  })

  test('in a namespace that the cluster depends on is graver than its ClusterRole by itself', () => {
    const pods = '[{apiGroups: [""], resources: [pods], verbs: [create]}]'
    const inKubeSystem = { metadata: '{name: b, namespace: kube-system}' }
    const text = documents(role(pods, '{name: r}', 'ClusterRole'), binding(clusterRole, mina, inKubeSystem))
    expect(found(checkText(text))).toEqual(['medium creates-pods', 'high creates-pods'])
  })

  test('of an aggregated role gives what its parts give', () => {
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
      'high binds-everybody',
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
    ['{kind: Group, name: system:authenticated}', 'medium binds-everybody'],
    ['{kind: Group, name: system:serviceaccounts}', 'medium binds-everybody'],
    ['{kind: Group, name: system:masters}', 'medium binds-masters'],
    ['{kind: ServiceAccount, name: default}', 'medium binds-default-account'],
    ['{kind: ServiceAccount, name: default, namespace: other}', 'medium binds-default-account'],
    ['{kind: User, name: "system:serviceaccount:other:default"}', 'medium binds-default-account'],
    ['{kind: Group, name: "system:serviceaccounts:other"}', 'medium binds-default-account'],
  ])('%s is more than somebody in particular', (subject, expected) => {
    expect(bound(subject)).toEqual([expected])
  })

  test.each([
    '{kind: User, name: mina}',
    '{kind: Group, name: default}',
    '{kind: ServiceAccount, name: app, namespace: n}',
  ])('%s is somebody in particular', (subject) => {
    expect(bound(subject)).toEqual([])
  })

  test('that is everybody is as grave as what it is given', () => {
    expect(bound('{kind: Group, name: system:authenticated}', exec)).toEqual(['high binds-everybody'])
    expect(bound('{kind: Group, name: system:authenticated}', '[{nonResourceURLs: [/healthz], verbs: [get]}]')).toEqual(
      ['low binds-everybody'],
    )
  })
})

describe('paths that are no resource', () => {
  const paths = (...urls: string[]) =>
    `[{nonResourceURLs: [${urls.map((url) => `"${url}"`).join(', ')}], verbs: [get]}]`
  const clusterRoleOf = (rules: string) => role(rules, '{name: r}', 'ClusterRole')
  const everywhere = { kind: 'ClusterRoleBinding', metadata: '{name: b}' }

  test('are judged in a ClusterRole, with the words that give them', () => {
    const { findings } = checkText(clusterRoleOf(paths('/healthz', '/debug/pprof/*')))
    expect(findings.map(({ severity, id, because }) => [severity, id, because])).toEqual([
      ['medium', 'profiles-control-plane', ['get /debug/pprof/*']],
    ])
    expect(findings[0]?.places.map(({ line, column }) => [line, column])).toHaveLength(2)
    expect(found(checkText(clusterRoleOf(paths('*'))))).toEqual(['medium reaches-every-path'])
    expect(found(checkText(clusterRoleOf(paths('/healthz', '/version', '/api/*'))))).toEqual([])
  })

  test('are given by a ClusterRoleBinding and by no RoleBinding', () => {
    const given = clusterRoleOf(paths('/logs/*'))
    const bound = (subject: string, options = {}) =>
      found(checkText(binding(clusterRole, `[${subject}]`, options), {}, given))
    const somebody = '{kind: User, name: mina}'
    expect(bound(somebody)).toEqual(['low binds-given-role'])
    expect(bound(somebody, everywhere)).toEqual(['medium binds-given-role'])
    expect(bound('{kind: User, name: system:anonymous}', everywhere)).toContain('medium binds-anonymous')
    expect(bound('{kind: Group, name: system:authenticated}', everywhere)).toContain('high binds-everybody')
  })

  test('that the API server itself gives in system:monitoring are said where it is bound', () => {
    const monitoring = binding('{kind: ClusterRole, name: "system:monitoring"}', mina, everywhere)
    const [first] = checkText(monitoring).findings
    expect(first).toMatchObject({ id: 'binds-builtin-role', severity: 'low' })
    expect(first?.because).toEqual(['reads-kubelets', 'reads-control-plane-metrics', 'reads-component-configuration'])
  })

  test('that an aggregated role gathers are its too', () => {
    const aggregated = `${api}\nkind: ClusterRole\nmetadata: {name: r}\naggregationRule: {clusterRoleSelectors: [{matchLabels: {a: b}}]}\n`
    const part = role(paths('/metrics'), '{name: part, labels: {a: b}}', 'ClusterRole')
    const all = '[{kind: Group, name: system:authenticated}]'
    const text = documents(part, aggregated, binding(clusterRole, all, everywhere))
    expect(found(checkText(text))).toEqual([
      'low reads-control-plane-metrics',
      'low aggregated-role',
      'medium binds-everybody',
    ])
  })

  test('changed, they are another finding to a baseline', () => {
    const print = (...urls: string[]) => checkText(clusterRoleOf(paths(...urls))).findings[0]?.fingerprint
    expect(print('/logs/*')).toBe(print('/logs/*'))
    expect(print('/logs/*')).not.toBe(print('/logs/a'))
  })
})

describe('what is no manifest', () => {
  test.each([
    ['a key twice', `${role(exec)}rules: []\n`, /^5: there is rules twice/],
    [
      'a key twice inside a rule',
      role('[{verbs: [get], verbs: ["*"], apiGroups: [a], resources: [b]}]'),
      /^4: there is verbs twice/,
    ],
    ['YAML that is none', `kind: Role\n  metadata: {`, /not valid YAML/],
    ['a template', 'kind: {{ .Values.kind }}\n', /render it first/],
    [
      'a template of which the parser makes something',
      `${api}\nkind: Role\nmetadata: {name: {{ .Release.Name }}}\n`,
      /render it first/,
    ],
    ['a tag of its own', `${api}\nkind: !x Role\n`, /tag/i],
    ['a kind in base64', `${api}\nkind: !!binary Um9sZQ==\nmetadata: {name: x}\n`, /^2: kind must be text/],
    ['rules that are no list', role('yes'), /^4: rules must be a list/],
    [
      'a verb that is a number',
      role('[{apiGroups: [""], resources: [pods], verbs: [1]}]'),
      /^4: verbs must be a list of texts/,
    ],
    ['a rule without verbs', role('[{apiGroups: [""], resources: [pods]}]'), /^4: a rule must have verbs/],
    ['a rule without groups', role('[{resources: [pods], verbs: [get]}]'), /^4: a rule must have apiGroups/],
    ['no name', role(exec, '{namespace: a}'), /^1: a Role must have a name/],
    ['no apiVersion', 'kind: ClusterRole\nmetadata: {name: x}\n', /^1: a ClusterRole must say its apiVersion/],
    ['a binding without a role', binding('{}', mina), /^4: a binding must say/],
    [
      'a ClusterRoleBinding to a Role',
      binding('{kind: Role, name: r}', mina, { kind: 'ClusterRoleBinding' }),
      /cannot name a Role/,
    ],
    ['an alias without anchor', role('*nowhere'), /anchor/i],
    ['a key that is no text', role('[{? [a] : b}]'), /a key must be text/],
    [
      'a mapping merged into itself',
      `${api}\nkind: Role\nmetadata: {name: x}\nrules: [&a {<<: *a}]\n`,
      /anchor|too much/i,
    ],
    ['a list that holds itself', `&a\nkind: List\napiVersion: v1\nitems: [*a, {kind: Role}]\n`, /nested too deep/],
  ])('%s is told with its line, and never in order', (_, text, expected) => {
    const checker = checkText(text)
    expect(unread(checker).length).toBeGreaterThan(0)
    expect(unread(checker)[0]).toMatch(expected)
  })

  test('in a list keeps nobody from reading the rest of the list', () => {
    const checker = checkText(
      `${api}\nkind: RoleList\nitems:\n- {metadata: {}}\n- {metadata: {name: r}, rules: ${exec}}\n`,
    )
    expect(found(checker)).toEqual(['medium runs-commands-in-pods'])
    expect(unread(checker)).toEqual(['4: a Role must have a name'])
  })

  test('in one document keeps nobody from reading the next', () => {
    expect(found(checkText(documents('kind: Role\n  a: {\n', role(exec))))).toEqual(['medium runs-commands-in-pods'])
  })
})

describe('hostile YAML is refused or read in no time', () => {
  const many = (count: number, line: (n: number) => string) => Array.from({ length: count }, (_, n) => line(n)).join('')
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${many(12, (n) => `${'bcdefghijklm'[n]}: &${'bcdefghijklm'[n]} [${`*${'abcdefghijklm'[n]},`.repeat(9)}]\n`)}`
  test.each([
    ['a bomb of aliases', `${bomb}${role('*m')}`, /a rule must be a mapping/],
    [
      'a bomb of merges',
      `a: &a {k: v}\n${many(12, (n) => `${'bcdefghijklm'[n]}: &${'bcdefghijklm'[n]} {<<: [${`*${'abcdefghijklm'[n]},`.repeat(9)}]}\n`)}${role('[*m]')}`,
      /stand for too much/,
    ],
    [
      'brackets twenty thousand deep',
      `${api}\nkind: Role\nmetadata: {name: x}\nrules: ${'['.repeat(20_000)}`,
      /nested too deep/,
    ],
    ['keys of keys, deep', `${'? '.repeat(10_000)}Role`, /nested too deep/],
    ['lists of lists, deep', `${'- '.repeat(10_000)}Role`, /nested too deep/],
    ['ten thousand keys', `${role(exec)}${many(10_000, (n) => `k${n}: v\n`)}`, null],
    [
      'five thousand anchors and aliases',
      `${role(exec)}x:\n${many(5_000, (n) => `- &a${n} y\n`)}${many(5_000, (n) => `- *a${n}\n`)}`,
      null,
    ],
    ['a line of a million characters', `${role(exec)}x: "${'y'.repeat(1_000_000)}"\n`, null],
    ['blank lines', `${'\n'.repeat(50_000)}${role(exec)}`, null],
  ])(
    '%s',
    (_, text, refusal) => {
      const checker = checkText(text)
      if (refusal) expect(unread(checker)).toEqual([expect.stringMatching(refusal)])
      else expect([found(checker), unread(checker)]).toEqual([['medium runs-commands-in-pods'], []])
      // Up to four million where the reading is linear; hundreds of millions where it is not.
      expect(stepsOf(() => checkText(text))).toBeLessThan(10_000_000)
    },
    60_000,
  )

  test('a bomb that is not opened hurts nobody: what the role says is judged', () => {
    expect(found(checkText(`${bomb}${role(exec)}`))).toEqual(['medium runs-commands-in-pods'])
  })
})

describe('ways of writing', () => {
  const expected = ['medium runs-commands-in-pods']
  const plain = role(exec)
  test.each([
    ['CRLF', plain.replaceAll('\n', '\r\n')],
    ['a directive', `%YAML 1.2\n---\n${plain}`],
    ['an anchor and its alias', `x: &rules ${exec}\n${role('*rules')}`],
    ['an anchor that is set anew', `x: &rules []\ny: &rules ${exec}\n${role('*rules')}`],
    ['a merge', `x: &rule {apiGroups: [""], resources: [pods/exec]}\n${role('[{<<: *rule, verbs: [create]}]')}`],
    ['quotes with escapes', plain.replace('kind: Role', 'kind: "\\x52ole"').replaceAll('Role\n', 'Role\n')],
    ['a folded kind', plain.replace('kind: Role', 'kind: "Ro\\\n  le"')],
    ['a list of null groups beside it', `${plain}subjects: null\n`],
  ])('%s changes nothing', (_, text) => {
    expect(found(checkText(text))).toEqual(expected)
  })

  test('a word that stands in a value only is no role', () => {
    expect(checkText('apiVersion: v1\nkind: ConfigMap\ndata: {a: "kind: Role"}\n').objects).toEqual([])
  })
})
