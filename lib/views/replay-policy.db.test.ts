import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import type { ReplayInput } from '#lib/core/access/policy-trial'
import type { Submission } from '#lib/core/access/request'
import type { Guardrail } from '#lib/core/guardrails/configured/schema'
import { submitRequest } from '#lib/operations/submit-request'
import { testBench } from '#testing/bench'
import { aConfiguration, aGuardrail } from '#testing/configuration'
import { anActor, companyActors } from '#testing/people'
import { rejectionOf } from '#testing/rejection'
import { aClusterState, aRequest, aSubmission } from '#testing/requests'
import { judgePolicy } from './judge-policy.ts'
import { replayPolicy } from './replay-policy.ts'

const { guard } = await testBench()
const { mina, jonas, priya, ines } = await companyActors('mina', 'jonas', 'priya', 'ines')

const submit = (actor: PersonActor, overrides: Partial<Submission> = {}) => submitRequest(actor, aSubmission(overrides))
/** With this ticket a submission is refused, so that an attempt is all there is of it. */
const ticket = 'OPS-7'
const refuseTicket = () => guard({ effect: 'deny', when: `request.ticket == '${ticket}'` })
const submitRefused = (actor: PersonActor, overrides: Partial<Submission> = { ticket }) =>
  rejectionOf(submit(actor, overrides))

const textOf = (...guardrails: object[]) => stringify({ guardrails: guardrails.map(aGuardrail) })
const replay = (actor: PersonActor, text: string, input: Partial<ReplayInput> = {}) =>
  replayPolicy(actor, { policy: text, calendars: {}, last: 100, against: 'recorded', ...input })
const itemOf = (found: Awaited<ReturnType<typeof replay>>, id: string) =>
  found.items.find((item) => item.request.id === id)
const changesOf = (found: Awaited<ReturnType<typeof replay>>, id: string) =>
  itemOf(found, id)?.changes.map(({ kind, now, code }) => `${now} ${kind}${code ? ` ${code}` : ''}`)

// Each trial starts a thread that loads its program again.
const slow = { timeout: 120_000 }

describe('a replay', slow, () => {
  test('a replay of the policy that judged finds no change, for accepted and for refused requests', async () => {
    await guard(
      {
        effect: 'require',
        require: { approvals: [{ groups: ['sre'] }] },
        when: "'payments-dev' in requester.groups",
      },
      { name: 'short', effect: 'limit', limit: { maxDuration: 'PT40M' } },
      {
        name: 'labels',
        effect: 'warn',
        when: "namespaceObject.metadata.labels['environment'] == 'prod' && cluster.labels['region'] == 'eu'",
      },
      { name: 'risky', effect: 'deny', when: "risks.exists(r, r.severity == 'high')" },
    )
    const actor = await anActor({ groups: ['payments-dev', 'search-dev'] })
    await submit(actor)
    await submit(actor, { entitlement: 'payments-logs', namespaces: ['payments', 'checkout'] })
    await submit(actor, { entitlement: 'cluster-view', namespaces: ['search'] })
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]
    await submit(actor, { entitlement: 'search-debug', namespaces: ['search'], rules })
    await submitRefused(actor, { entitlement: 'payments-secrets', ticket: 'OPS-1' })
    await submitRefused(actor, { durationSeconds: 7200, reason: 'short' })
    await submitRefused(actor, { namespaces: ['nowhere'] })
    const same = stringify(aConfiguration({ guardrails: currentPolicy().configuration.guardrails.map(unread) }))
    for (const text of [same, stringify({ guardrails: currentPolicy().configuration.guardrails.map(unread) })]) {
      const found = await replay(actor, text)
      expect([found.judged, found.items, found.leftOut]).toEqual([7, [], 0])
      expect(found.guardrails.map(({ name, before, after }) => [name, before === after])).toContainEqual(['calm', true])
    }
    expect((await replay(actor, same)).policyVersion).toBe(currentPolicy().hash)
  })

  test('a replay reports for each request what each guardrail adds and removes, and the new outcome', async () => {
    await refuseTicket()
    const actor = await anActor()
    const plain = await submit(actor)
    const logs = await submit(actor, { entitlement: 'payments-logs' })
    await submitRefused(actor)
    const found = await replay(
      actor,
      textOf(
        { name: 'no-patch', effect: 'deny', when: "rules.exists(r, 'patch' in r.verbs)" },
        {
          name: 'two',
          effect: 'require',
          when: 'request.automatic',
          require: { approvals: [{ groups: ['sre'] }], ticket: true },
        },
        { name: 'brief', effect: 'limit', limit: { maxDuration: 'PT45M' } },
        { name: 'note', effect: 'warn' },
      ),
    )
    expect(found).toMatchObject({ judged: 3, changed: 3, against: 'recorded' })
    expect(itemOf(found, plain.id)).toMatchObject({
      before: 'needs-approval',
      after: 'refused',
      unknown: ['difference'],
    })
    expect(changesOf(found, plain.id)).toEqual(['more violation no-patch', 'more warning note', 'more duration'])
    expect(itemOf(found, logs.id)).toMatchObject({ before: 'automatic', after: 'refused' })
    expect(changesOf(found, logs.id)).toEqual([
      'more violation two',
      'more warning note',
      'more approval',
      'more ticket',
      'more duration',
    ])
    expect(
      itemOf(found, logs.id)
        ?.changes.slice(2)
        .map(({ requiredBy }) => requiredBy),
    ).toEqual(['two', 'two', 'brief'].map((name) => [{ name, sentence: 'Calm is kept.' }]))
    const refused = found.items.find((item) => item.request.kind === 'refused')
    expect(refused).toMatchObject({
      before: 'refused',
      after: 'refused',
      request: { requester: { id: actor.person.id } },
    })
    expect(refused?.changes.map(({ now, code }) => [now, code])).toEqual([
      ['more', 'no-patch'],
      ['less', 'calm'],
    ])
    expect(found.guardrails).toContainEqual({ name: 'note', before: 0, after: 3 })
  })

  test('a replay finds refused requests that would now pass', async () => {
    await guard({ effect: 'deny' })
    const actor = await anActor()
    await submitRefused(actor, {})
    const { items } = await replay(actor, 'guardrails: []')
    expect(items).toMatchObject([
      { before: 'refused', after: 'needs-approval', changes: [{ now: 'less', code: 'calm' }] },
    ])
  })

  test('a replay uses the recorded groups, labels and times, whatever has changed since', async () => {
    const actor = await anActor({ groups: ['payments-dev', 'contractors'] })
    const { id } = await submit(actor)
    actor.person.groups = ['payments-dev']
    await aClusterState({ namespaces: [{ name: 'payments', labels: { environment: 'moved' } }] })
    const text = textOf(
      { name: 'who', effect: 'deny', when: "'contractors' in requester.groups" },
      { name: 'where', effect: 'deny', match: { namespaceLabels: { environment: 'prod' } } },
      { name: 'moved', effect: 'deny', match: { namespaceLabels: { environment: 'moved' } } },
      { name: 'later', effect: 'deny', when: `now > timestamp('${new Date(Date.now() + 1000).toISOString()}')` },
    )
    expect(changesOf(await replay(actor, text), id)).toEqual(['more violation who', 'more violation where'])
  })

  test('a replay of a whole configuration applies its limits, its approval steps and its entitlements', async () => {
    const actor = await anActor()
    const [restart, logs] = [await submit(actor), await submit(actor, { entitlement: 'payments-logs' })]
    const next = aConfiguration()
    const [first] = next.entitlements
    Object.assign(first ?? {}, {
      duration: { default: 'PT10M', max: 'PT10M' },
      approvals: [{ groups: ['sre'], count: 1 }],
    })
    next.entitlements = next.entitlements.filter(({ name }) => name !== 'payments-logs')
    const found = await replay(actor, stringify(next))
    expect(changesOf(found, restart.id)).toEqual(['more violation duration-too-long', 'less approval', 'more approval'])
    expect(changesOf(found, logs.id)).toEqual(['more violation unknown-entitlement'])
  })

  test('a replay against the current policy reports the edit only', async () => {
    const actor = await anActor()
    const { id } = await submit(actor)
    const edit = { name: 'note', effect: 'warn' }
    await guard({ effect: 'deny' })
    expect(changesOf(await replay(actor, textOf({ effect: 'deny' }, edit)), id)).toHaveLength(2)
    const found = await replay(actor, textOf({ effect: 'deny' }, edit), { against: 'current' })
    expect(changesOf(found, id)).toEqual(['more warning note'])
  })

  test('a guardrail that needs a fact that was not recorded counts as violated, and the replay names the fact', async () => {
    const actor = await anActor()
    const { id } = await aRequest({ requester: actor.person })
    const text = textOf(
      { name: 'who', effect: 'deny', when: "!('payments-dev' in requester.groups)" },
      { name: 'mail', effect: 'deny', when: "requester.email == 'x'" },
      { name: 'group', effect: 'deny', match: { groups: ['nobody'] } },
      { name: 'labels', effect: 'deny', when: "namespaceObject.metadata.labels['a'] == 'b'" },
      { name: 'cluster', effect: 'deny', when: "cluster.labels['environment'] != 'prod'" },
    )
    const found = await replay(actor, text)
    expect(changesOf(found, id)).toEqual(['who', 'mail', 'group', 'labels'].map((name) => `more violation ${name}`))
    expect(itemOf(found, id)?.unknown).toEqual(['groups', 'namespaces', 'difference', 'risks'])
    expect(itemOf(found, id)?.changes[0]?.sentence).toContain('the groups of the requester are not known')
  })

  test('consecutive replays continue where the last one ended, without a gap or a repetition', async () => {
    await refuseTicket()
    const actor = await anActor()
    const ids: string[] = []
    for (let round = 0; round < 3; round++) {
      ids.push((await submit(actor)).id)
      await submitRefused(actor)
    }
    const seen: string[] = []
    let cursor: string | undefined
    for (let page = 0; page < 3; page++) {
      const found = await replay(actor, textOf({ name: 'note', effect: 'warn' }), { last: 2, cursor })
      seen.push(...found.items.map((item) => item.request.id))
      expect(found.judged).toBe(2)
      cursor = found.nextCursor ?? undefined
      for (const part of cursor?.split('.') ?? []) expect(part).toMatch(/^((req|evt)_[0-9a-z]{26})?$/)
    }
    expect(cursor).toBeUndefined()
    expect(new Set(seen).size).toBe(6)
    expect(seen).toEqual(expect.arrayContaining(ids))
    expect(await rejectionOf(replay(actor, 'guardrails: []', { cursor: 'nonsense' }))).toMatchObject({
      code: 'malformed',
    })
  })
})

/** A parsed guardrail as it is written in postern.yaml. */
function unread(one: Guardrail) {
  const { limit, ...rest } = one
  return limit ? { ...rest, limit: { ...limit, maxDuration: `PT${limit.maxDuration}S` } } : rest
}

describe('who may see what', slow, () => {
  test('a replay and a judgement only find requests and attempts that the reader may see', async () => {
    await refuseTicket()
    const actor = await anActor()
    const { id } = await submit(actor)
    await submitRefused(actor)
    const text = textOf({ name: 'note', effect: 'warn' })
    const all = await replay(ines, text)
    const refused = all.items.find(
      (item) => item.request.kind === 'refused' && item.request.requester.id === actor.person.id,
    )?.request.id
    expect(itemOf(all, id)?.request).toMatchObject({ kind: 'request', id })
    expect(refused).toMatch(/^\w+_[0-9a-z]{26}$/)
    expect(await replay(jonas, text)).toMatchObject({ judged: 0, items: [], nextCursor: null, since: null })
    const seenByPriya = await replay(priya, text)
    expect(itemOf(seenByPriya, id)?.request.id).toBe(id)
    expect(seenByPriya.items.every((item) => item.request.kind === 'request')).toBe(true)
    for (const one of [
      id,
      refused ?? '',
      'req_00000000000000000000000000',
      'evt_00000000000000000000000000',
      "x' OR '1",
    ]) {
      expect(await rejectionOf(judgePolicy(jonas, { request: one, calendars: {} }))).toMatchObject({
        code: 'not-found',
      })
    }
    expect(await rejectionOf(judgePolicy(priya, { request: refused, calendars: {} }))).toMatchObject({
      code: 'not-found',
    })
    expect((await judgePolicy(actor, { request: refused, calendars: {} })).outcome).toBe('refused')
  })

  const revealing = textOf({
    effect: 'deny',
    when: "requester.groups.exists(g, g == 'secret-project')",
    messageExpression: "requester.groups.join(' ') + requester.email",
  })
  const violationsFor = async (reader: PersonActor, id: string, text = revealing) =>
    JSON.stringify((await judgePolicy(reader, { policy: text, request: id, calendars: {} })).verdict.violations)

  test('a lead cannot read a requester’s groups or e-mail through the message of a guardrail', async () => {
    const { id } = await submit(await anActor({ groups: ['payments-dev', 'secret-project'] }))
    const seenByPriya = await violationsFor(priya, id)
    expect(seenByPriya).not.toMatch(/secret-project|example\.com/)
    expect(seenByPriya).toContain('the groups of the requester are not known')
    // Nor by whether it matches: a group without members reads the same.
    expect(await violationsFor(priya, id, revealing.replace('secret-project', 'no-such-group'))).toBe(seenByPriya)
  })

  test('the requester and an auditor read the requester’s groups and e-mail', async () => {
    const actor = await anActor({ groups: ['payments-dev', 'secret-project'] })
    const { id } = await submit(actor)
    expect(await violationsFor(actor, id)).toContain('secret-project')
    expect(await violationsFor(ines, id)).toContain(`${actor.person.email}`)
  })
})

describe('the playground', slow, () => {
  test('a judgement of a sample names the matched guardrails, their requirements and when it would pass', async () => {
    const trial = await judgePolicy(mina, {
      policy: textOf(
        { effect: 'require', require: { approvers: 2 }, when: "'patch' in rules[0].verbs" },
        {
          name: 'hours',
          effect: 'limit',
          limit: { windows: [{ zone: 'UTC', days: ['mon-fri'], from: '08:00', to: '18:00' }] },
        },
        { name: 'other', effect: 'deny', when: "cluster.name == 'elsewhere'" },
      ),
      sample: "rules: [{ apiGroups: [apps], resources: [deployments], verbs: [patch] }]\nnow: '2026-11-22T10:00:00Z'",
      calendars: {},
    })
    expect(trial).toMatchObject({
      outcome: 'refused',
      steps: [{ groups: ['leads'], count: 2 }],
      verdict: { passesNextAt: '2026-11-23T08:00:00.000Z' },
      at: '2026-11-22T10:00:00.000Z',
    })
    expect(trial.matched.map(({ name, does, sentences }) => [name, does.length, sentences.length])).toEqual([
      ['calm', 1, 0],
      ['hours', 1, 1],
    ])
  })

  test('a judgement without a policy uses the current one, on the recorded request', async () => {
    const request = await submit(mina)
    await guard({ effect: 'deny' })
    const trial = await judgePolicy(mina, { request: request.id, calendars: {} })
    expect(trial).toMatchObject({ outcome: 'refused', matched: [{ name: 'calm', sentences: ['Calm is kept.'] }] })
    expect(trial.verdict.policyVersion).toBe(currentPolicy().hash)
  })

  test('a mistake in a policy or a sample is reported with its line, its column and a suggestion', async () => {
    const wrong = 'guardrails:\n  - name: a\n    description: b\n    effect: deny\n    when: requst.ticket == "x"\n'
    expect(await rejectionOf(replay(mina, wrong))).toMatchObject({
      code: 'invalid',
      errors: [{ pointer: '/policy', message: expect.stringMatching(/^5:11: guardrails\[0\]\.when .*request/) }],
    })
    expect(await rejectionOf(judgePolicy(mina, { sample: 'rules: []\nclustr: x', calendars: {} }))).toMatchObject({
      code: 'invalid',
      errors: expect.arrayContaining([{ pointer: '/sample', message: expect.stringMatching(/^1:8: rules/) }]),
    })
  })
})
