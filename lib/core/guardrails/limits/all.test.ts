import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Entitlement, entitlementSchema } from '#lib/core/access/entitlement'
import type { ExtendedGrant } from '#lib/core/access/extension'
import type { JudgementFacts } from '#lib/core/guardrails/facts'
import { growthOf } from '#testing/steps'
import { widestRules } from '#testing/widest-rules'
import { evaluate, limits } from './all.ts'

const now = new Date('2026-11-23T09:00:00Z')
const deployments = { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'patch'] }

const entitlementWith = (changes: Record<string, unknown> = {}): Entitlement =>
  entitlementSchema.parse({
    name: 'payments-restart',
    title: 'Restart payment services',
    who: { groups: ['payments-dev', 'sre'] },
    clusters: ['prod-eu'],
    namespaces: ['payments', 'checkout*'],
    rules: changes.ceiling || changes.clusterRole ? undefined : [deployments],
    duration: { default: 'PT30M', max: 'PT2H' },
    reason: { minLength: 10 },
    ticket: { required: false, pattern: '^[A-Z]+-[0-9]+$' },
    approvals: [],
    ...changes,
  })

type Changes = Partial<Omit<JudgementFacts, 'submission' | 'cluster'>> & {
  submission?: Partial<JudgementFacts['submission']>
  cluster?: Partial<JudgementFacts['cluster']>
}

const facts = ({ submission, cluster, ...changes }: Changes = {}): JudgementFacts => ({
  submission: {
    entitlement: 'payments-restart',
    cluster: 'prod-eu',
    namespaces: ['payments'],
    reason: 'checkout hangs, restart',
    durationSeconds: 1800,
    ...submission,
  },
  entitlement: entitlementWith(),
  requester: { subject: 'ed', groups: ['payments-dev'], email: null },
  cluster: {
    name: 'prod-eu',
    known: true,
    labels: {},
    namespaces: [
      { name: 'payments', labels: { environment: 'prod' } },
      { name: 'checkout', labels: { environment: 'test' } },
      { name: 'search', labels: {} },
      { name: 'postern-system', labels: { environment: 'prod' } },
    ],
    clusterRoles: { view: [{ apiGroups: [''], resources: ['pods', 'services'], verbs: ['get', 'list'] }] },
    ...cluster,
  },
  policyHash: 'sha256:0',
  now,
  ...changes,
})

/** Each violation as `code pointer`. */
const found = (changes: Changes = {}) => evaluate(facts(changes)).map(({ code, pointer }) => `${code} ${pointer}`)

test('a request inside its entitlement has no violations', () => {
  expect(evaluate(facts())).toEqual([])
})

describe('who', () => {
  test('members of a group of the entitlement, and people named by subject, are eligible', () => {
    expect(found({ requester: { subject: 'x', groups: ['sre'], email: null } })).toEqual([])
    const entitlement = entitlementWith({ who: { people: ['ed'] } })
    expect(found({ entitlement, requester: { subject: 'ed', groups: [], email: null } })).toEqual([])
  })
  test('other people are not eligible, nor is a requester who has lost the group', () => {
    const expected = ['requester-not-eligible /entitlement']
    for (const groups of [[], ['payments'], ['Payments-dev'], ['payments-leads']]) {
      expect(found({ requester: { subject: 'x', groups, email: null } })).toEqual(expected)
      expect(found({ requester: { subject: 'x', groups, email: null }, stage: 'granting' })).toEqual(expected)
    }
  })
  test('the sentence names the eligible groups, but not people', () => {
    const entitlement = entitlementWith({ who: { groups: ['sre'], people: ['secret-subject'] } })
    const [violation] = evaluate(facts({ entitlement, requester: { subject: 'x', groups: [], email: null } }))
    expect(violation?.sentence).toContain('members of sre and one named person')
    expect(violation?.sentence).not.toContain('secret-subject')
  })
})

describe('where', () => {
  test('a cluster that the entitlement does not cover, or that is not configured, is refused', () => {
    const entitlement = entitlementWith({ clusters: ['staging'] })
    expect(found({ entitlement })).toEqual(['cluster-not-covered /cluster'])
    expect(found({ cluster: { known: false, name: 'nowhere', namespaces: null } })).toEqual([
      'cluster-unknown /cluster',
    ])
  })
  test('each namespace outside the entitlement is a violation at its own pointer', () => {
    expect(found({ submission: { namespaces: ['payments', 'search', 'checkout', 'kube-system'] } })).toEqual([
      'namespace-not-covered /namespaces/1',
      'namespace-not-covered /namespaces/3',
    ])
  })
  test('a missing namespace is reported as unknown only inside the entitlement', () => {
    expect(found({ submission: { namespaces: ['checkout-9'] } })).toEqual(['namespace-unknown /namespaces/0'])
    expect(found({ submission: { namespaces: ['no-such'] } })).toEqual(['namespace-not-covered /namespaces/0'])
  })
  test('only names are judged while the namespaces of the cluster are unknown', () => {
    expect(found({ cluster: { namespaces: null }, submission: { namespaces: ['checkout-9'] } })).toEqual([])
    expect(found({ cluster: { namespaces: null }, submission: { namespaces: ['search'] } })).toEqual([
      'namespace-not-covered /namespaces/0',
    ])
  })
  test('a namespace must have all labels of the selector, and unknown labels do not count', () => {
    const entitlement = entitlementWith({ namespaces: undefined, namespaceSelector: { environment: 'prod' } })
    expect(found({ entitlement })).toEqual([])
    expect(found({ entitlement, submission: { namespaces: ['checkout', 'search'] } })).toEqual([
      'namespace-not-covered /namespaces/0',
      'namespace-not-covered /namespaces/1',
    ])
    expect(found({ entitlement, cluster: { namespaces: null } })).toEqual(['namespace-not-covered /namespaces/0'])
  })
  test('under a selector, a missing namespace is refused like one with other labels', () => {
    const entitlement = entitlementWith({ namespaces: undefined, namespaceSelector: { environment: 'prod' } })
    const responseFor = (name: string) =>
      JSON.stringify(evaluate(facts({ entitlement, submission: { namespaces: [name] } }))).replaceAll(name, '*')
    expect(responseFor('no-such')).toContain('namespace-not-covered')
    expect(responseFor('search'), 'exists with other labels').toBe(responseFor('no-such'))
  })
  test('a namespace must match by name and by labels if the entitlement has both', () => {
    const entitlement = entitlementWith({ namespaceSelector: { environment: 'prod' } })
    expect(found({ entitlement, submission: { namespaces: ['payments', 'checkout'] } })).toEqual([
      'namespace-not-covered /namespaces/1',
    ])
  })
  test('Postern’s own namespaces are refused, whatever the entitlement covers', () => {
    const entitlement = entitlementWith({ namespaces: ['*'] })
    expect(
      found({
        entitlement,
        cluster: { namespaces: null },
        submission: { namespaces: ['postern-system', 'postern-grants'] },
      }),
    ).toEqual(['namespace-protected /namespaces/0', 'namespace-protected /namespaces/1'])
  })
  test('a request without namespaces is refused', () => {
    expect(found({ submission: { namespaces: [] } })).toEqual(['namespaces-missing /namespaces'])
  })
})

describe('rules under a ceiling', () => {
  const entitlement = entitlementWith({
    ceiling: [
      { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] },
      { apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['db'] },
    ],
  })
  const rule = (resources: string[], verbs: string[], resourceNames?: string[]) => ({
    apiGroups: [''],
    resources,
    verbs,
    ...(resourceNames ? { resourceNames } : {}),
  })
  const chosen = (...rules: ReturnType<typeof rule>[]) => found({ entitlement, submission: { rules } })

  test('a request without chosen rules is refused', () => {
    expect(found({ entitlement })).toEqual(['rules-missing /rules'])
    expect(found({ entitlement, submission: { rules: null } })).toEqual(['rules-missing /rules'])
    expect(chosen()).toEqual(['rules-missing /rules'])
  })
  test('rules inside the ceiling are permitted', () => {
    expect(chosen(rule(['pods'], ['get']), rule(['secrets'], ['get'], ['db']))).toEqual([])
  })
  test.each([
    ['another verb', rule(['pods'], ['delete'])],
    ['every verb', rule(['pods'], ['*'])],
    ['every resource', rule(['*'], ['get'])],
    ['a subresource', rule(['pods/exec'], ['get'])],
    ['every subresource', rule(['*/log'], ['get'])],
    ['another group', { ...rule(['pods'], ['get']), apiGroups: ['apps'] }],
    ['every group', { ...rule(['pods'], ['get']), apiGroups: ['*'] }],
    ['any name for a named one', rule(['secrets'], ['get'])],
    ['empty names for a named one', rule(['secrets'], ['get'], [])],
    ['another name', rule(['secrets'], ['get'], ['db', 'tls'])],
  ])('%s is outside the ceiling, at the pointer of its rule', (_, outside) => {
    expect(chosen(rule(['pods'], ['get']), outside)).toEqual(['rules-outside-ceiling /rules/1'])
  })
  test('the sentence names the excess and the ceiling', () => {
    const [violation] = evaluate(facts({ entitlement, submission: { rules: [rule(['pods'], ['get', 'delete'])] } }))
    expect(violation?.sentence).toMatch(
      /^This entitlement doesn't cover delete pods\. You can choose from: get, list pods, pods\/log; get secrets named db\.$/,
    )
  })
})

describe('rules that the API server never allows', () => {
  const ceiling = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }]
  const chosenRule = (verbs: string[], resourceNames?: string[]) => ({
    ...{ apiGroups: [''], resources: ['configmaps'], verbs },
    ...(resourceNames ? { resourceNames } : {}),
  })
  const judged = (rule: ReturnType<typeof chosenRule>, stage: JudgementFacts['stage']) =>
    evaluate(facts({ entitlement: entitlementWith({ ceiling }), submission: { rules: [rule] }, stage }))

  test.each(['submitting', 'deciding', 'granting'] as const)(
    'create and deletecollection by name are refused when %s, with what to write instead',
    (stage) => {
      const sentence = (verb: string) =>
        expect.stringMatching(new RegExp(`never allows ${verb} by resourceNames.*put ${verb} in a rule without`, 'i'))
      expect(judged(chosenRule(['get', 'create'], ['a']), stage)).toEqual([
        { code: 'rules-never-allowed', pointer: '/rules/0', sentence: sentence('create') },
      ])
      expect(judged(chosenRule(['deletecollection'], ['a']), stage)).toEqual([
        { code: 'rules-never-allowed', pointer: '/rules/0', sentence: sentence('deletecollection') },
      ])
      expect(judged(chosenRule(['create', 'deletecollection']), stage)).toEqual([])
    },
  )
  test('the name * is refused, because it covers one object and not all', () => {
    const [violation] = judged(chosenRule(['get'], ['*']), 'submitting')
    expect(violation).toMatchObject({ code: 'rules-never-allowed', pointer: '/rules/0' })
    expect(violation?.sentence).toContain('Leave resourceNames out to cover every name.')
  })
  test('a ClusterRole with such a rule is refused by its name', () => {
    const clusterRoles = { view: [chosenRule(['get', 'create'], ['a'])] }
    const [violation] = evaluate(
      facts({ entitlement: entitlementWith({ clusterRole: 'view' }), cluster: { clusterRoles } }),
    )
    expect(violation).toMatchObject({ code: 'rules-never-allowed', pointer: '/entitlement' })
    expect(violation?.sentence).toMatch(/^The ClusterRole view has a rule that grants nothing\. Kubernetes never/)
  })
})

describe('what one person may have at the same time', () => {
  const most = { mostOpenRequests: 50, mostLiveGrants: 20 }
  const judged = (openRequests: number, liveGrants: number, stage?: JudgementFacts['stage']) =>
    evaluate(facts({ held: { openRequests, liveGrants, ...most }, ...(stage ? { stage } : {}) }))
  const codes = (...args: Parameters<typeof judged>) => judged(...args).map(({ code }) => code)

  test('one open request and one live grant fewer than the limits are accepted, and each limit is judged alone', () => {
    expect(codes(49, 19)).toEqual([])
    expect(codes(50, 19)).toEqual(['open-requests-too-many'])
    expect(codes(49, 20)).toEqual(['live-grants-too-many'])
    expect(codes(900, 900)).toEqual(['open-requests-too-many', 'live-grants-too-many'])
  })
  test('open requests keep no request from being decided, and neither limit keeps approved access from beginning', () => {
    expect(codes(900, 19, 'deciding')).toEqual([])
    expect(codes(49, 20, 'deciding')).toEqual(['live-grants-too-many'])
    expect(codes(900, 900, 'granting')).toEqual([])
  })
  test('the sentences say how many there are, the limit, and what to do', () => {
    expect(judged(50, 20).map(({ sentence }) => sentence)).toEqual([
      'You have 50 open requests; the limit is 50. Withdraw some, or wait until they are decided.',
      'You have 20 grants that have not ended; the limit is 20. Release some, or wait until they end.',
    ])
    expect(judged(0, 20, 'deciding')[0]?.sentence).toBe(
      'The requester has 20 grants that have not ended; the limit is 20. They can release some, or wait until they end.',
    )
  })
  test('what was not counted is not judged', () => {
    expect(evaluate(facts())).toEqual([])
  })
})

describe('fixed rules', () => {
  test('a request may leave fixed rules out, or repeat them exactly in any order', () => {
    expect(found({ submission: { rules: [{ ...deployments, verbs: ['patch', 'list', 'get', 'get'] }] } })).toEqual([])
  })
  test('a requester cannot choose more, other or fewer rules than the fixed ones', () => {
    for (const verbs of [['get', 'list', 'patch', 'delete'], ['create'], ['get']]) {
      expect(found({ submission: { rules: [{ ...deployments, verbs }] } })).toEqual(['rules-outside-ceiling /rules'])
    }
  })
  test('an approver may narrow fixed rules, never widen them', () => {
    for (const stage of ['deciding', 'granting'] as const) {
      expect(found({ stage, submission: { rules: [{ ...deployments, verbs: ['get'] }] } })).toEqual([])
      expect(found({ stage, submission: { rules: [{ ...deployments, verbs: ['get', 'delete'] }] } })).toEqual([
        'rules-outside-ceiling /rules/0',
      ])
    }
  })
})

describe('the rules of a ClusterRole', () => {
  const entitlement = entitlementWith({ clusterRole: 'view' })
  test('a ClusterRole that the cluster has is permitted', () => {
    expect(found({ entitlement })).toEqual([])
  })
  test('a ClusterRole that was never read is refused', () => {
    expect(found({ entitlement: entitlementWith({ clusterRole: 'vieuw' }) })).toEqual(['cluster-role-unknown /cluster'])
    expect(found({ entitlement: entitlementWith({ clusterRole: 'constructor' }) })).toEqual([
      'cluster-role-unknown /cluster',
    ])
    expect(
      found({ entitlement: entitlementWith({ clusterRole: 'none' }), submission: { rules: [deployments] } }),
    ).toEqual(['cluster-role-unknown /cluster', 'rules-outside-ceiling /rules'])
  })
  test('a requester cannot choose among the rules of a ClusterRole, an approver may narrow them', () => {
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]
    expect(found({ entitlement, submission: { rules } })).toEqual(['rules-outside-ceiling /rules'])
    expect(found({ entitlement, submission: { rules }, stage: 'deciding' })).toEqual([])
  })
})

test('a request with more permissions than can be probed is refused', () => {
  const values = (count: number) => Array.from({ length: count }, (_, n) => `x${n}`)
  const ceiling = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]
  const entitlement = entitlementWith({ ceiling })
  const rules = [{ apiGroups: values(20), resources: values(50), verbs: values(10) }]
  expect(found({ entitlement, submission: { rules } })).toEqual([])
  expect(found({ entitlement, submission: { rules, namespaces: ['payments', 'checkout'] } })).toEqual([
    'rules-too-many /rules',
  ])
})

test('a request with too many permissions is refused for its size, and its rules are not compared with the ceiling', () => {
  const entitlement = entitlementWith({ ceiling: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] })
  const submission = { rules: widestRules, reason: 'short', durationSeconds: 7201 }
  expect(found({ entitlement, submission })).toEqual([
    'rules-too-many /rules',
    'duration-too-long /duration',
    'reason-too-short /reason',
  ])
})

describe('start and duration', () => {
  test.each([1, 1800, 7200])('%d seconds are permitted', (durationSeconds) => {
    expect(found({ submission: { durationSeconds } })).toEqual([])
  })
  test.each([7201, 1e9])('%d seconds are too long', (durationSeconds) => {
    expect(found({ submission: { durationSeconds } })).toEqual(['duration-too-long /duration'])
  })
  test.each([0, -1, 0.5])('%d seconds are not a duration', (durationSeconds) => {
    expect(found({ submission: { durationSeconds } })).toEqual(['duration-too-short /duration'])
  })
  test('a duration that is not a number is refused', () => {
    expect(found({ submission: { durationSeconds: Number.NaN } })).toEqual([
      'duration-too-short /duration',
      'duration-too-long /duration',
    ])
  })
  test('a start more than a minute in the past is refused', () => {
    const at = (seconds: number) => found({ submission: { startsAt: new Date(now.getTime() + seconds * 1000) } })
    expect(at(3600)).toEqual([])
    expect(at(0)).toEqual([])
    expect(at(-60)).toEqual([])
    expect(at(-61)).toEqual(['start-in-past /startsAt'])
    expect(found({ submission: { startsAt: new Date(Number.NaN) } })).toEqual(['start-in-past /startsAt'])
  })
  test('a start further ahead than the entitlement permits is refused on submission only', () => {
    const entitlement = entitlementWith({ startWithin: 'P2D' })
    const at = (seconds: number) =>
      found({ entitlement, submission: { startsAt: new Date(now.getTime() + seconds * 1000) } })
    expect(at(2 * 86_400)).toEqual([])
    expect(at(2 * 86_400 + 1)).toEqual(['start-too-far /startsAt'])
    const aWeek = { submission: { startsAt: new Date(now.getTime() + 7 * 86_400_000) } }
    expect(found(aWeek), 'a week by default').toEqual([])
    expect(found({ submission: { startsAt: new Date('9999-12-31T00:00:00Z') } })).toEqual(['start-too-far /startsAt'])
    expect(found({ entitlement, stage: 'deciding', ...aWeek }), 'after submission').toEqual([])
  })
  test('an approval after the requested start is not refused', () => {
    expect(found({ stage: 'deciding', submission: { startsAt: new Date(0) } })).toEqual([])
  })
})

describe('reason and ticket', () => {
  test.each(['restart it', 'Neustart 🙂', '再起動再起動再起動再'])('the reason "%s" is long enough', (reason) => {
    expect(found({ submission: { reason } })).toEqual([])
  })
  test.each([
    ['seven letters', 'restart'],
    ['no characters', ''],
    ['many blanks', `a${' '.repeat(50)}b`],
    ['invisible characters', `restart${'\u200b\u2060\u00ad\u3164\u2800\ufe0f'.repeat(5)}`],
    ['many line breaks', `a${'\n'.repeat(50)}b`],
  ])('a reason with %s is too short', (_, reason) => {
    expect(found({ submission: { reason } })).toEqual(['reason-too-short /reason'])
  })
  const required = entitlementWith({ ticket: { required: true, pattern: '^[A-Z]+-[0-9]+$' } })
  test('a request without a required ticket is refused', () => {
    expect(found({ entitlement: required, submission: { ticket: 'OPS-1' } })).toEqual([])
    for (const ticket of [undefined, null, '', '  ']) {
      expect(found({ entitlement: required, submission: { ticket } })).toEqual(['ticket-missing /ticket'])
    }
  })
  test('a ticket that does not match the pattern is refused, required or not', () => {
    for (const entitlement of [required, entitlementWith()]) {
      for (const ticket of ['ops-1', 'OPS-1\nOPS-2', 'see OPS-1', 'OPS-']) {
        expect(found({ entitlement, submission: { ticket } })).toEqual(['ticket-malformed /ticket'])
      }
    }
  })
  test('the work on a ticket grows linearly with its length, whatever the pattern', () => {
    const entitlement = entitlementWith({ ticket: { required: false, pattern: '^(([a-z])+.)+[A-Z]([a-z])+$' } })
    const ticket = (length: number) => () => found({ entitlement, submission: { ticket: 'a'.repeat(length) } })
    expect(ticket(120)()).toEqual(['ticket-malformed /ticket'])
    expect(growthOf(30, ticket)).toBeLessThan(5)
  })
  test('an invalid pattern counts as violated', () => {
    const entitlement = entitlementWith({ ticket: { pattern: '(?=x)' } })
    expect(found({ entitlement, submission: { ticket: 'OPS-1' } })).toEqual(['ticket-malformed-failed '])
  })
})

describe('all limits together', () => {
  test('every violation is reported, not only the first', () => {
    const everything = facts({
      requester: { subject: 'x', groups: [], email: null },
      entitlement: entitlementWith({ clusters: ['staging'], ticket: { required: true } }),
      submission: {
        namespaces: ['search', 'postern-grants', 'checkout-9'],
        rules: [{ ...deployments, verbs: ['*'] }],
        durationSeconds: 7201,
        startsAt: new Date(0),
        reason: 'x',
      },
    })
    expect(evaluate(everything).map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
      'requester-not-eligible /entitlement',
      'cluster-not-covered /cluster',
      'namespace-protected /namespaces/1',
      'namespace-not-covered /namespaces/0',
      'namespace-not-covered /namespaces/1',
      'namespace-unknown /namespaces/2',
      'rules-outside-ceiling /rules',
      'duration-too-long /duration',
      'start-in-past /startsAt',
      'reason-too-short /reason',
      'ticket-missing /ticket',
    ])
    for (const { sentence } of evaluate(everything)) expect(sentence).toMatch(/^\S.*\.$/)
  })

  test('a limit that throws counts as violated, its error stays secret, and the other limits still apply', () => {
    const broken = {
      code: 'broken',
      find: () => {
        throw new Error('token=abc')
      },
    }
    const violations = evaluate(facts({ submission: { durationSeconds: 7201 } }), [broken, ...limits])
    expect(violations.map(({ code }) => code)).toEqual(['broken-failed', 'duration-too-long'])
    expect(JSON.stringify(violations)).not.toContain('token')
  })

  test('incomplete facts are refused', () => {
    const nothing = { submission: {}, entitlement: {}, requester: {}, cluster: {}, now, policyHash: 'x' }
    const violations = evaluate(nothing as unknown as JudgementFacts)
    expect(violations.length).toBeGreaterThan(5)
  })

  test('every limit has its own code', () => {
    const codes = limits.map(({ code }) => code)
    expect(new Set(codes).size).toBe(codes.length)
  })

  test('a permitted request is also permitted with a shorter duration, fewer namespaces or fewer chosen rules', () => {
    const entitlement = entitlementWith({ ceiling: [deployments] })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 7200 }),
        fc.subarray(['payments', 'checkout'], { minLength: 1 }),
        fc.subarray(deployments.verbs, { minLength: 1 }),
        (durationSeconds, namespaces, verbs) => {
          const rules = [{ ...deployments, verbs }]
          expect(found({ entitlement, submission: { durationSeconds, namespaces, rules } })).toEqual([])
        },
      ),
    )
  })
})

describe('an extension', () => {
  const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000)
  const held = (changes: Partial<ExtendedGrant> = {}): ExtendedGrant => ({
    ...{ status: 'active', endedBy: null, isExtended: false, heldSince: minutesAgo(25), expiresAt: minutesAgo(-5) },
    ...{ entitlementName: 'payments-restart', cluster: 'prod-eu', namespaces: ['payments'], clusterRole: null },
    rules: [deployments],
    ...changes,
  })
  const extending = (extended: ExtendedGrant | null, changes: Changes = {}) => found({ extended, ...changes })

  test('active access can be extended', () => expect(extending(held())).toEqual([]))
  test('access of someone else, or none at all, cannot be extended', () =>
    expect(extending(null)).toEqual(['extension-not-active /extends']))
  test.each(['expiry', 'revocation', 'release', 'failure', 'ineligible', 'superseded'] as const)(
    'access that ended by %s cannot be extended',
    (endedBy) => {
      expect(extending(held({ status: 'ended', endedBy }))).toEqual(['extension-not-active /extends'])
      expect(extending(held({ status: 'ending', endedBy }))).toEqual(['extension-not-active /extends'])
    },
  )
  test('access at its expiry cannot be extended, even before a worker has ended it', () =>
    expect(extending(held({ expiresAt: now }))).toEqual(['extension-not-active /extends']))
  test('access that another request extends cannot be extended a second time', () =>
    expect(extending(held({ isExtended: true }))).toEqual(['extension-not-active /extends']))
  test('an extension is void once someone has ended the access, and not because the access expired meanwhile', () => {
    const voided = (endedBy: ExtendedGrant['endedBy']) =>
      (['deciding', 'granting'] as const).map((stage) => extending(held({ status: 'ended', endedBy }), { stage }))
    for (const endedBy of ['revocation', 'release', 'failure', 'ineligible', 'superseded'] as const)
      expect(voided(endedBy)).toEqual([['extension-not-active /extends'], ['extension-not-active /extends']])
    expect(voided('expiry')).toEqual([[], []])
  })
  test('an extension continues the same entitlement, cluster and namespaces, and begins at once', () => {
    const entitlementName = 'payments-logs'
    expect(extending(held({ entitlementName }))).toEqual(['extension-differs /entitlement'])
    expect(extending(held({ cluster: 'staging' }))).toEqual(['extension-differs /cluster'])
    const wider = { submission: { namespaces: ['payments', 'checkout'] } }
    expect(extending(held(), wider)).toEqual(['extension-differs /namespaces'])
    const later = { submission: { startsAt: minutesAgo(-60) } }
    expect(extending(held(), later)).toEqual(['extension-differs /startsAt'])
  })
  test('an extension of narrowed access does not get back what an approver took away', () => {
    const narrowed = [{ ...deployments, verbs: ['get'] }]
    expect(extending(held({ rules: narrowed }))).toEqual(['extension-differs /rules'])
    expect(extending(held({ rules: narrowed }), { submission: { rules: narrowed } })).toEqual([])
  })
  test('extensions of extensions never add up to more than the longest duration', () => {
    const total = (minutes: number, entitlement = entitlementWith()) =>
      extending(held({ heldSince: minutesAgo(minutes) }), { entitlement })
    expect(total(90)).toEqual([])
    expect(total(91)).toEqual(['extension-total-too-long /duration'])
    const longer = entitlementWith({ duration: { default: 'PT30M', max: 'PT2H', maxTotal: 'PT8H' } })
    expect(total(450, longer)).toEqual([])
    expect(total(451, longer)).toEqual(['extension-total-too-long /duration'])
  })
  test('a total that is too long says how much time is left', () => {
    const sentence = (minutes: number) =>
      evaluate(facts({ extended: held({ heldSince: minutesAgo(minutes) }) })).map((violation) => violation.sentence)
    expect(sentence(100)).toEqual([
      'With its extensions, this access may last 2 hours in total. Request PT20M or less.',
    ])
    expect(sentence(118)).toEqual([
      'With its extensions, this access may last 2 hours in total. It can’t be extended any further: submit a new request after it has ended.',
    ])
  })
  test('the access that is extended does not count against the limit of live grants', () => {
    const full = { openRequests: 0, liveGrants: 3, mostOpenRequests: 9, mostLiveGrants: 3 }
    expect(found({ held: full })).toEqual(['live-grants-too-many '])
    expect(extending(held(), { held: full })).toEqual([])
  })
})
