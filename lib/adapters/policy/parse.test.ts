import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { stepsOf } from '#testing/steps'
import { configurationSchema } from './configuration.ts'
import { parseConfiguration } from './parse.ts'
import { maxConfigurationBytes } from './read-document.ts'

const good = `
# What the company allows.
publicUrl: https://postern.example.com
identity:
  issuer: https://id.example.com
  clientId: postern
  apiAudience: postern-api
roles:
  auditor: { groups: [security-audit] }
clusters:
  - name: prod-eu
    labels: { environment: prod }
    kubeconfig: { file: /etc/postern/prod-eu.kubeconfig, context: prod-eu }
    publicServer: https://prod-eu.example.com:6443
entitlements:
  - name: payments-restart
    title: Restart payment services
    who: { groups: [payments-dev, sre] }
    clusters: [prod-eu]
    namespaces: [payments, "checkout-*"]
    rules:
      - { apiGroups: [apps], resources: [deployments], verbs: [get, list, watch, patch] }
    duration: { default: PT30M, max: PT2H }
    reason: { minLength: 10 }
    ticket: { required: false, pattern: "^[A-Z]+-[0-9]+$" }
    approvals:
      - { groups: [payments-leads], count: 1 }
`

const parsed = (text: string) => {
  const result = parseConfiguration(text, 'postern.yaml')
  if (!result.ok) throw new Error(result.problems.map((p) => `${p.line}:${p.column} ${p.path} ${p.message}`).join('\n'))
  return result
}

/** Each problem as `line:column path message`. */
const problems = (text: string): string[] => {
  const result = parseConfiguration(text, 'postern.yaml')
  if (result.ok) throw new Error('was accepted')
  for (const problem of result.problems) expect(problem.file).toBe('postern.yaml')
  return result.problems.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`)
}

const changed = (from: string, to: string) => {
  expect(good).toContain(from)
  return good.replace(from, to)
}

describe('a valid configuration', () => {
  test('a valid configuration is parsed with durations in seconds and defaults filled in', () => {
    const { configuration } = parsed(good)
    expect(configuration.entitlements[0]?.duration).toEqual({ default: 1800, max: 7200 })
    expect(configuration.pending.lapseAfter).toBe(86_400)
    expect(configuration.identity.groupsClaim).toBe('groups')
    expect(configuration.identity.idTokenAlgorithm).toBe('RS256')
    expect(configuration.trustedProxies).toBe(0)
    expect(configuration.limits).toEqual({
      ...{ openRequestsPerPerson: 50, liveGrantsPerPerson: 20, submissionsPerMinute: 30 },
    })
    expect(configuration.guardrails).toEqual([])
  })

  test('the hash ignores comments, layout, key order and explicit defaults, and changes with anything else', () => {
    const { hash } = parsed(good)
    expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(parsed(changed('# What the company allows.', 'trustedProxies: 0')).hash).toBe(hash)
    expect(parsed(changed('default: PT30M', 'default: PT1800S')).hash).toBe(hash)
    expect(
      parsed(changed('{ groups: [payments-leads], count: 1 }', '{ count: 1, groups: ["payments-leads"] }')).hash,
    ).toBe(hash)
    expect(parsed(changed('max: PT2H', 'max: PT2H1S')).hash).not.toBe(hash)
    expect(parsed(changed('payments-dev, sre', 'sre, payments-dev')).hash).not.toBe(hash)
  })

  test('a configuration may use anchors and may be JSON', () => {
    const anchored = changed('[payments-dev, sre]', '&devs [payments-dev]').replace('[security-audit]', '[x]')
    expect(parsed(anchored).ok).toBe(true)
    expect(parsed(JSON.stringify(parsedInput())).hash).toBe(parsed(good).hash)
  })

  test('the schema accepts a valid configuration and rejects contradictions', () => {
    expect(configurationSchema.safeParse(parsedInput()).success).toBe(true)
    const twice = parsedInput()
    twice.clusters = [...twice.clusters, ...twice.clusters]
    expect(configurationSchema.safeParse(twice).success).toBe(false)
  })
})

/** The valid configuration as plain JSON, with durations as text. */
const parsedInput = () => ({
  publicUrl: 'https://postern.example.com',
  identity: { issuer: 'https://id.example.com', clientId: 'postern', apiAudience: 'postern-api' },
  roles: { auditor: { groups: ['security-audit'] } },
  clusters: [
    {
      name: 'prod-eu',
      labels: { environment: 'prod' },
      kubeconfig: { file: '/etc/postern/prod-eu.kubeconfig', context: 'prod-eu' },
      publicServer: 'https://prod-eu.example.com:6443',
    },
  ],
  entitlements: [
    {
      name: 'payments-restart',
      title: 'Restart payment services',
      who: { groups: ['payments-dev', 'sre'] },
      clusters: ['prod-eu'],
      namespaces: ['payments', 'checkout-*'],
      rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'patch'] }],
      duration: { default: 'PT30M', max: 'PT2H' },
      reason: { minLength: 10 },
      ticket: { required: false, pattern: '^[A-Z]+-[0-9]+$' },
      approvals: [{ groups: ['payments-leads'], count: 1 }],
    },
  ],
})

describe('problems of a configuration', () => {
  const cases: [string, string, string, string][] = [
    [
      'an unknown key',
      'duration: { default',
      'durations: { default',
      '23:5 entitlements[0].durations is not a known key; did you mean duration?',
    ],
    [
      'a key in another case',
      'clientId',
      'client_id',
      '6:3 identity.client_id is not a known key; did you mean clientId?',
    ],
    ['a key that resembles no known one', 'clientId', 'zzz', '4:1 identity.clientId is missing: it must be text'],
    [
      'a secret',
      'clientId: postern',
      'clientId: postern\n  clientSecret: hunter2',
      '7:3 identity.clientSecret is not a known key: set secrets in the environment',
    ],
    ['a missing value', '  apiAudience: postern-api\n', '', '4:1 identity.apiAudience is missing: it must be text'],
    ['a wrong type', 'title: Restart payment services', 'title: [a]', '17:12 entitlements[0].title must be text'],
    [
      'an unknown cluster',
      'clusters: [prod-eu]',
      'clusters: [prod-ue]',
      '19:16 entitlements[0].clusters[0] is not a configured cluster; did you mean prod-eu?',
    ],
    [
      'a rule that Kubernetes never allows',
      'verbs: [get, list, watch, patch] }',
      'verbs: [get, create], resourceNames: [web] }',
      "22:93 entitlements[0].rules[0].resourceNames can't be used here: Kubernetes never allows create by resourceNames, because a new object has no name when the call is authorized. Put create in a rule without resourceNames.",
    ],
    [
      'a cluster that resembles no configured one',
      'clusters: [prod-eu]',
      'clusters: [x]',
      '19:16 entitlements[0].clusters[0] is not a configured cluster; the configured clusters are: prod-eu',
    ],
    [
      'an http issuer',
      'https://id.example.com',
      'http://id.example.com',
      '5:11 identity.issuer must use https; plain http is allowed only on loopback',
    ],
    [
      'an http issuer that only looks like loopback',
      'https://id.example.com',
      'http://127.0.0.1.example.com',
      '5:11 identity.issuer must use https',
    ],
    ['another scheme', 'https://id.example.com', 'file:///etc/passwd', '5:11 identity.issuer must be a URL'],
    [
      'a password in a URL',
      'https://id.example.com',
      'https://a:b@id.example.com',
      '5:11 identity.issuer must not contain a user name or a password',
    ],
    [
      'a public URL with a path',
      'https://postern.example.com',
      'https://postern.example.com/x',
      '3:12 publicUrl must not have a path: write https://postern.example.com',
    ],
    [
      'a bucket whose name would be lost before an IP address',
      'publicUrl: https://postern.example.com',
      'log: { anchors: [{ name: locked, s3: { bucket: b-1, region: eu, endpoint: "https://192.0.2.7:9000", retentionDays: 1 } }] }\npublicUrl: https://postern.example.com',
      '3:34 log.anchors[0].s3.pathStyle must be true, because the host of endpoint is an IP address',
    ],
    [
      'a bucket whose name would be lost before an IPv6 address',
      'publicUrl: https://postern.example.com',
      'log: { anchors: [{ name: locked, s3: { bucket: b-1, region: eu, endpoint: "https://[2001:db8::7]", pathStyle: false, retentionDays: 1 } }] }\npublicUrl: https://postern.example.com',
      '3:111 log.anchors[0].s3.pathStyle must be true, because the host of endpoint is an IP address',
    ],
    [
      'no algorithm at all',
      'clientId: postern',
      'clientId: postern\n  idTokenAlgorithm: none',
      '7:21 identity.idTokenAlgorithm must be one of RS256',
    ],
    [
      'a shared-key algorithm',
      'clientId: postern',
      'clientId: postern\n  idTokenAlgorithm: HS256',
      '7:21 identity.idTokenAlgorithm must be one of RS256',
    ],
    [
      'a claim that people can change as the subject',
      'clientId: postern',
      'clientId: postern\n  subjectClaim: preferred_username',
      '7:17 identity.subjectClaim must be a claim that never changes',
    ],
    [
      'an unreadable duration',
      'max: PT2H',
      'max: 2h',
      '23:38 entitlements[0].duration.max must be an ISO 8601 duration greater than zero, such as PT30M or PT1H30M',
    ],
    [
      'a default above the maximum',
      'default: PT30M',
      'default: PT3H',
      '23:26 entitlements[0].duration.default must not be longer than max',
    ],
    [
      'no rules',
      '    rules:\n      - { apiGroups: [apps], resources: [deployments], verbs: [get, list, watch, patch] }\n',
      '',
      '16:5 entitlements[0] set exactly one of rules, ceiling or clusterRole',
    ],
    [
      'two kinds of rules',
      '    duration:',
      '    clusterRole: view\n    duration:',
      '16:5 entitlements[0] set exactly one of rules, ceiling or clusterRole',
    ],
    [
      'a rule without verbs',
      'verbs: [get, list, watch, patch]',
      'verbs: []',
      '22:63 entitlements[0].rules[0].verbs name at least one verb',
    ],
    [
      'a pattern with a backreference',
      '"^[A-Z]+-[0-9]+$"',
      '"(a)\\\\1"',
      '25:41 entitlements[0].ticket.pattern is not a regular expression in RE2 syntax',
    ],
    [
      'an example of a ticket that its pattern does not match',
      '"^[A-Z]+-[0-9]+$"',
      '"^[A-Z]+-[0-9]+$", example: pay7',
      '25:69 entitlements[0].ticket.example must match the pattern ^[A-Z]+-[0-9]+$',
    ],
    [
      'both ways into a cluster',
      '    publicServer',
      '    inCluster: true\n    publicServer',
      '11:5 clusters[0] set exactly one of kubeconfig or inCluster',
    ],
    [
      'a relative path',
      '/etc/postern/prod-eu.kubeconfig',
      'prod-eu.kubeconfig',
      '13:25 clusters[0].kubeconfig.file must be an absolute path',
    ],
    [
      'a guardrail without a description',
      'roles:',
      'guardrails: [{ name: x, effect: deny }]\nroles:',
      '8:14 guardrails[0].description is missing',
    ],
    [
      'Slack without a channel and without direct messages',
      'roles:',
      'notifications: { slack: {} }\nroles:',
      '8:25 notifications.slack set channel, direct or both',
    ],
    [
      'a browser key that is no public key',
      'roles:',
      'notifications: { browser: { publicKey: abc, contact: "mailto:ops@example.com" } }\nroles:',
      '8:40 notifications.browser.publicKey must be a public key of 65 bytes in base64url',
    ],
    [
      'a prefix that is reserved for Kubernetes',
      '    publicServer',
      '    people: { username: subject, groupsPrefix: "system:" }\n    publicServer',
      '14:48 clusters[0].people.groupsPrefix must not begin with system:',
    ],
    [
      'a prefix that is reserved for grants',
      '    publicServer',
      '    people: { username: subject, usernamePrefix: "postern:" }\n    publicServer',
      '14:50 clusters[0].people.usernamePrefix must not begin with postern:',
    ],
    [
      'a claim that API servers do not use as the user name',
      '    publicServer',
      '    people: { username: name }\n    publicServer',
      '14:25 clusters[0].people.username must be one of email, subject',
    ],
    ['an empty who', '{ groups: [security-audit] }', '{}', '9:12 roles.auditor name at least one group or person'],
  ]
  test.each(cases)('%s is reported with its place and the expected value', (_, from, to, expected) => {
    expect(problems(changed(from, to))[0]?.slice(0, expected.length)).toBe(expected)
  })

  test('identifying people by e-mail address requires the scope email', () => {
    const people = changed('    publicServer', '    people: { username: email }\n    publicServer')
    expect(parseConfiguration(people, 'postern.yaml').ok).toBe(true)
    const text = people.replace('  apiAudience', '  scopes: [openid, groups]\n  apiAudience')
    expect(problems(text)).toEqual(['15:25 clusters[0].people.username requires email in identity.scopes'])
  })

  test('a step that names an unknown rota, and a group with the name of one, are reported with what would be right', () => {
    const rota = 'rotas: [{ name: sre, zone: UTC, rotation: { people: [a@example.com], from: 2026-11-02T09:00 } }]\n'
    const withStep = (step: string) => `${rota}${good.replace(/approvals:[\s\S]*/, `approvals: [${step}]\n`)}`
    expect(parseConfiguration(withStep('{ onCall: sre }'), 'postern.yaml').ok).toBe(true)
    const [unknown] = problems(withStep('{ onCall: sra }'))
    expect(unknown).toMatch(/approvals\[0\].onCall is not a configured rota; did you mean sre\?$/)
    const [reserved] = problems(withStep('{ groups: ["on-call:sre"] }'))
    expect(reserved).toMatch(/approvals\[0\].groups\[0\] is reserved: write onCall: sre in an approval step$/)
    expect(problems(withStep('{ count: 2 }'))[0]).toMatch(/name at least one group, person or rota, owners or manager$/)
  })

  test('an escalation that can never happen is reported, with the field and what would be right', () => {
    const withStep = (step: string) =>
      `pending: { lapseAfter: PT1H }\n${good.replace(/approvals:[\s\S]*/, `approvals: [{ groups: [leads], ${step} }]\n`)}`
    const to = 'to: { groups: [sre] }'
    expect(parseConfiguration(withStep(`remindAfter: PT5M, escalate: [{ after: PT15M, ${to} }]`), 'p').ok).toBe(true)
    expect(problems(withStep(`escalate: [{ after: PT1H, ${to} }]`))[0]).toMatch(
      /escalate\[0\].after must be shorter than pending.lapseAfter, PT1H: the request expires then$/,
    )
    expect(problems(withStep('remindAfter: PT2H'))[0]).toMatch(/remindAfter must be shorter than pending.lapseAfter/)
    expect(problems(withStep(`escalate: [{ after: PT15M, ${to} }, { after: PT15M, ${to} }]`))[0]).toMatch(
      /escalate must be in the order of after, each later than the one before$/,
    )
    expect(problems(withStep('escalate: [{ after: PT15M, to: {} }]'))[0]).toMatch(
      /name at least one group, person or rota$/,
    )
    expect(problems(withStep('escalate: [{ after: PT15M, to: { onCall: sre } }]'))[0]).toMatch(
      /escalate\[0\].to.onCall is not a configured rota/,
    )
  })

  test('an unknown key is reported in addition to the missing one', () => {
    expect(problems(changed('clientId', 'zzz'))[1]).toContain(
      '6:3 identity.zzz is not a known key; the known keys are: issuer, clientId,',
    )
  })

  test('a misspelt key is reported once', () => {
    expect(problems(changed('clientId', 'client_id'))).toHaveLength(1)
  })

  test('all problems are reported in the order of the text, also those that need a valid schema elsewhere', () => {
    const text = good
      .replace('clientId: postern', 'clientId: 5')
      .replace('clusters: [prod-eu]', 'clusters: [nowhere]')
      .replace('max: PT2H', 'max: P1Y')
      .replace('entitlements:', `entitlements:\n  - ${JSON.stringify(parsedInput().entitlements[0])}`)
    expect(problems(text).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      '6:13 identity.clientId',
      '17:11 entitlements[1].name',
      '20:16 entitlements[1].clusters[0]',
      '24:38 entitlements[1].duration.max',
    ])
  })

  test('no problem repeats a value, which could be a secret in the wrong place', () => {
    const text = changed(
      'issuer: https://id.example.com',
      'issuer: "hunter2"\n  password: hunter2\n  groupsClaim: [hunter2]',
    )
    expect(problems(text).join('\n')).not.toContain('hunter2')
  })
})

describe('text that is not a configuration', () => {
  test.each([
    ['nothing', '', '1:1  must not be empty'],
    ['a comment', '# nothing yet\n', '1:1  must not be empty'],
    ['a word', 'postern', '1:1  must be a mapping'],
    ['broken YAML', 'publicUrl: [1', '1:14  is not valid YAML'],
    ['a repeated key', 'publicUrl: a\npublicUrl: b\n', '2:1  is not valid YAML: Map keys must be unique'],
    ['two documents', 'publicUrl: a\n---\npublicUrl: b\n', '3:1  must be one document'],
    ['a tag', 'publicUrl: !!js/function x\n', '1:12  is not valid YAML'],
    ['a key that is a list', '? [a]\n: b\n', '1:3  must be text'],
    ['a key that is a number', '1: b\n', '1:1  must be text'],
    ['a tab', 'identity:\n\tissuer: x\n', '2:1  is not valid YAML'],
  ])('%s instead of a configuration is rejected', (_, text, expected) => {
    expect(problems(text)[0]?.slice(0, expected.length)).toBe(expected)
  })

  test('keys with a meaning in JavaScript are unknown keys and change no prototype', () => {
    expect(problems(`__proto__: { admin: 1 }\n${good}`)[0]).toMatch(/^1:1 __proto__ is not a known key/)
    expect(problems(`constructor: 1\n${good}`)[0]).toMatch(/^1:1 constructor is not a known key/)
    expect(({} as Record<string, unknown>).admin).toBeUndefined()
  })

  test('a bomb of aliases and an endless text are refused, quickly', () => {
    const layers = Array.from({ length: 40 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}*a${n}]`)
    const bomb = `a0: &a0 [x]\n${layers.join('\n')}\n`
    const endless = 'a'.repeat(maxConfigurationBytes + 1)
    expect(problems(bomb)[0]).toContain('cannot be read')
    expect(problems(endless)[0]).toContain('must be at most')
    expect(stepsOf(() => problems(bomb))).toBeLessThan(1_000_000)
    expect(stepsOf(() => problems(endless))).toBeLessThan(1_000)
  })

  test('a problem behind an alias is reported where the anchored text is', () => {
    const text = good
      .replace('[payments-dev, sre]', '&who [payments-dev, 7]')
      .replace('{ groups: [payments-leads], count: 1 }', '{ groups: *who, count: 1 }')
    expect(problems(text)).toEqual([
      '18:40 entitlements[0].who.groups[1] must be text',
      '18:40 entitlements[0].approvals[0].groups[1] must be text',
    ])
  })
})

test('the example of docs/approvals.md is accepted in a configuration', () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/approvals.md', 'utf8'))?.[1] ?? ''
  expect(example).toContain('onCall: payments')
  const text = good.replace(/entitlements:[\s\S]*/, example)
  expect(parsed(text).configuration.rotas).toHaveLength(1)
})

test('CRLF line ends and a byte order mark do not change the hash', () => {
  const { hash } = parsed(good)
  expect(parsed(good.replaceAll('\n', '\r\n')).hash).toBe(hash)
  expect(parsed(`\ufeff${good}`).hash).toBe(hash)
})

test('the JSON Schema for editors is published as public/postern.schema.json', () => {
  expect(JSON.parse(readFileSync('public/postern.schema.json', 'utf8')).$schema).toContain('2020-12')
})
