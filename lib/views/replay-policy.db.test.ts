import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import type { ReplayInput } from '#lib/core/access/policy-trial'
import type { Submission } from '#lib/core/access/request'
import type { Guardrail } from '#lib/core/guardrails/configured/schema'
import { submitRequest } from '#lib/operations/submit-request'
import { aConfiguration } from '#testing/configuration'
import { testDatabase } from '#testing/database'
import { anActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { rejectionOf } from '#testing/rejection'
import { aClusterState, aRequest } from '#testing/requests'
import { judgePolicy } from './judge-policy.ts'
import { replayPolicy } from './replay-policy.ts'

const database = await testDatabase()
const policy = await testPolicy()
let mina: PersonActor
let lead: PersonActor
let auditor: PersonActor
beforeAll(async () => {
  await aClusterState()
  mina = await anActor()
  lead = await anActor({ groups: ['payments-leads'] })
  auditor = await anActor({ groups: ['security-audit'], roles: ['auditor'] })
})
afterEach(() => policy.change(aConfiguration()))
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const ask = (actor: PersonActor, overrides: Partial<Submission> = {}) =>
  submitRequest(actor, {
    entitlement: 'payments-restart',
    cluster: 'prod-eu',
    namespaces: ['payments'],
    reason: 'the checkout pods hang since the last deploy',
    durationSeconds: 1800,
    ...overrides,
  })

const guardrail = (one: object) => ({ name: 'calm', description: 'Calm is kept.', ...one })
const textOf = (...guardrails: object[]) => stringify({ guardrails: guardrails.map(guardrail) })
const replay = (actor: PersonActor, text: string, input: Partial<ReplayInput> = {}) =>
  replayPolicy(actor, { policy: text, calendars: {}, last: 100, against: 'recorded', ...input })
const itemOf = (found: Awaited<ReturnType<typeof replay>>, id: string) =>
  found.items.find((item) => item.request.id === id)
const changesOf = (found: Awaited<ReturnType<typeof replay>>, id: string) =>
  itemOf(found, id)?.changes.map(({ kind, now, code }) => `${now} ${kind}${code ? ` ${code}` : ''}`)

// Each trial starts a thread that loads its program anew.
const slow = { timeout: 120_000 }

describe('a replay', slow, () => {
  test('finds nothing where the policy is the one that judged, granted or refused', async () => {
    await policy.change(
      aConfiguration({
        guardrails: [
          guardrail({
            effect: 'require',
            require: { approvals: [{ groups: ['sre'] }] },
            when: "'payments-dev' in requester.groups",
          }),
          guardrail({ name: 'short', effect: 'limit', limit: { maxDuration: 'PT40M' } }),
          guardrail({
            name: 'labels',
            effect: 'warn',
            when: "namespaceObject.metadata.labels['environment'] == 'prod' && cluster.labels['region'] == 'eu'",
          }),
          guardrail({ name: 'risky', effect: 'deny', when: "risks.exists(r, r.severity == 'high')" }),
        ],
      }),
    )
    const actor = await anActor({ groups: ['payments-dev', 'search-dev'] })
    await ask(actor)
    await ask(actor, { entitlement: 'payments-logs', namespaces: ['payments', 'checkout'] })
    await ask(actor, { entitlement: 'cluster-view', namespaces: ['search'] })
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]
    await ask(actor, { entitlement: 'search-debug', namespaces: ['search'], rules })
    await rejectionOf(ask(actor, { entitlement: 'payments-secrets', ticket: 'OPS-1' }))
    await rejectionOf(ask(actor, { durationSeconds: 7200, reason: 'short' }))
    await rejectionOf(ask(actor, { namespaces: ['nowhere'] }))
    const same = stringify(aConfiguration({ guardrails: currentPolicy().configuration.guardrails.map(unread) }))
    for (const text of [same, stringify({ guardrails: currentPolicy().configuration.guardrails.map(unread) })]) {
      const found = await replay(actor, text)
      expect([found.judged, found.items, found.leftOut]).toEqual([7, [], 0])
      expect(found.guardrails.map(({ name, before, after }) => [name, before === after])).toContainEqual(['calm', true])
    }
    expect((await replay(actor, same)).policyVersion).toBe(currentPolicy().hash)
  })

  test('says what is more and what is less, by guardrail, and what becomes of each ask', async () => {
    await policy.change(
      aConfiguration({ guardrails: [guardrail({ effect: 'deny', when: "request.ticket == 'OPS-7'" })] }),
    )
    const actor = await anActor()
    const plain = await ask(actor)
    const logs = await ask(actor, { entitlement: 'payments-logs' })
    await rejectionOf(ask(actor, { ticket: 'OPS-7' }))
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

  test('finds what was refused and would pass now', async () => {
    await policy.change(aConfiguration({ guardrails: [guardrail({ effect: 'deny' })] }))
    const actor = await anActor()
    await rejectionOf(ask(actor))
    const { items } = await replay(actor, 'guardrails: []')
    expect(items).toMatchObject([
      { before: 'refused', after: 'needs-approval', changes: [{ now: 'less', code: 'calm' }] },
    ])
  })

  test('goes by the facts of then: groups, labels and times, whatever became of them', async () => {
    const actor = await anActor({ groups: ['payments-dev', 'contractors'] })
    const { id } = await ask(actor)
    actor.person.groups = ['payments-dev']
    await aClusterState({ namespaces: [{ name: 'payments', labels: { environment: 'moved' } }] })
    const text = textOf(
      { name: 'who', effect: 'deny', when: "'contractors' in requester.groups" },
      { name: 'where', effect: 'deny', match: { namespaceLabels: { environment: 'prod' } } },
      { name: 'moved', effect: 'deny', match: { namespaceLabels: { environment: 'moved' } } },
      { name: 'later', effect: 'deny', when: `now > timestamp('${new Date(Date.now() + 1000).toISOString()}')` },
    )
    expect(changesOf(await replay(actor, text), id)).toEqual(['more violation who', 'more violation where'])
    await aClusterState()
  })

  test('holds a whole configuration against what was asked: other limits, other approvers, gone entitlements', async () => {
    const actor = await anActor()
    const [restart, logs] = [await ask(actor), await ask(actor, { entitlement: 'payments-logs' })]
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

  test('can be held against the policy in force, so that only the edit is told', async () => {
    const actor = await anActor()
    const { id } = await ask(actor)
    const edit = { name: 'note', effect: 'warn' }
    await policy.change(aConfiguration({ guardrails: [guardrail({ effect: 'deny' })] }))
    expect(changesOf(await replay(actor, textOf({ effect: 'deny' }, edit)), id)).toHaveLength(2)
    const found = await replay(actor, textOf({ effect: 'deny' }, edit), { against: 'current' })
    expect(changesOf(found, id)).toEqual(['more warning note'])
  })

  test('of an ask whose facts were not kept, says so and counts what is not known as violated', async () => {
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

  test('goes on where the one before ended, and misses and repeats nothing', async () => {
    await policy.change(
      aConfiguration({ guardrails: [guardrail({ effect: 'deny', when: "request.ticket == 'OPS-7'" })] }),
    )
    const actor = await anActor()
    const ids: string[] = []
    for (let round = 0; round < 3; round++) {
      ids.push((await ask(actor)).id)
      await rejectionOf(ask(actor, { ticket: 'OPS-7' }))
    }
    const seen: string[] = []
    let cursor: string | undefined
    for (let page = 0; page < 3; page++) {
      const found = await replay(actor, textOf({ name: 'note', effect: 'warn' }), { last: 2, cursor })
      seen.push(...found.items.map((item) => item.request.id))
      expect(found.judged).toBe(2)
      cursor = found.nextCursor ?? undefined
    }
    expect(cursor).toBeUndefined()
    expect(new Set(seen).size).toBe(6)
    expect(seen).toEqual(expect.arrayContaining(ids))
    expect(await rejectionOf(replay(actor, 'guardrails: []', { cursor: 'nonsense' }))).toMatchObject({
      code: 'malformed',
    })
  })
})

/** A guardrail as it is written: durations as text. */
function unread(one: Guardrail) {
  const { limit, ...rest } = one
  return limit ? { ...rest, limit: { ...limit, maxDuration: `PT${limit.maxDuration}S` } } : rest
}

describe('who may not look', slow, () => {
  test('finds nothing of it in a replay, and no such ask to judge', async () => {
    await policy.change(
      aConfiguration({ guardrails: [guardrail({ effect: 'deny', when: "request.ticket == 'OPS-7'" })] }),
    )
    const actor = await anActor()
    const { id } = await ask(actor)
    await rejectionOf(ask(actor, { ticket: 'OPS-7' }))
    const text = textOf({ name: 'note', effect: 'warn' })
    const all = await replay(auditor, text)
    const refused = all.items.find(
      (item) => item.request.kind === 'refused' && item.request.requester.id === actor.person.id,
    )?.request.id
    expect(itemOf(all, id)?.request).toMatchObject({ kind: 'request', id })
    expect(refused).toMatch(/^\w+_[0-9a-z]{26}$/)
    const stranger = await anActor({ groups: ['search-dev'] })
    expect(await replay(stranger, text)).toMatchObject({ judged: 0, items: [], nextCursor: null, since: null })
    const seenByLead = await replay(lead, text)
    expect(itemOf(seenByLead, id)?.request.id).toBe(id)
    expect(seenByLead.items.every((item) => item.request.kind === 'request')).toBe(true)
    for (const one of [
      id,
      refused ?? '',
      'req_00000000000000000000000000',
      'evt_00000000000000000000000000',
      "x' OR '1",
    ]) {
      expect(await rejectionOf(judgePolicy(stranger, { request: one, calendars: {} }))).toMatchObject({
        code: 'not-found',
      })
    }
    expect(await rejectionOf(judgePolicy(lead, { request: refused, calendars: {} }))).toMatchObject({
      code: 'not-found',
    })
    expect((await judgePolicy(actor, { request: refused, calendars: {} })).outcome).toBe('refused')
  })

  const telling = textOf({
    effect: 'deny',
    when: "requester.groups.exists(g, g == 'secret-project')",
    messageExpression: "requester.groups.join(' ') + requester.email",
  })
  const told = async (reader: PersonActor, id: string, text = telling) =>
    JSON.stringify((await judgePolicy(reader, { policy: text, request: id, calendars: {} })).verdict.violations)

  test('learns no group and no address of a requester by an expression that tells it', async () => {
    const { id } = await ask(await anActor({ groups: ['payments-dev', 'secret-project'] }))
    const seenByLead = await told(lead, id)
    expect(seenByLead).not.toMatch(/secret-project|example\.com/)
    expect(seenByLead).toContain('the groups of the requester are not known')
    // Nor by whether it comes in: of a group that nobody is in it says the same.
    expect(await told(lead, id, telling.replace('secret-project', 'no-such-group'))).toBe(seenByLead)
  })

  test('is not whoever asked, nor an auditor', async () => {
    const actor = await anActor({ groups: ['payments-dev', 'secret-project'] })
    const { id } = await ask(actor)
    expect(await told(actor, id)).toContain('secret-project')
    expect(await told(auditor, id)).toContain(`${actor.person.email}`)
  })
})

describe('the playground', slow, () => {
  test('says of a sample which guardrails came in, why, what they want, and when it would pass', async () => {
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

  test('judges by the policy in force where no other is given, and a past ask as it was asked', async () => {
    const asked = await ask(mina)
    await policy.change(aConfiguration({ guardrails: [guardrail({ effect: 'deny' })] }))
    const trial = await judgePolicy(mina, { request: asked.id, calendars: {} })
    expect(trial).toMatchObject({ outcome: 'refused', matched: [{ name: 'calm', sentences: ['Calm is kept.'] }] })
    expect(trial.verdict.policyVersion).toBe(currentPolicy().hash)
  })

  test('says line and column of what is wrong in the policy and in the sample, and what would be right', async () => {
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
