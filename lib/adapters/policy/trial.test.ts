import { expect, test } from 'vitest'
import type { Change } from '#lib/core/access/policy-trial'
import { ownersSchema, type Routing } from '#lib/core/access/routing'
import { guardrailsSection } from '#lib/core/guardrails/section'
import { aPastRequest } from './past-requests.testing.ts'
import { replay } from './trial.ts'

const request = aPastRequest({ durationSeconds: 900, ticket: 'OPS-7' })

const guardrail = (name: string, one: object) => ({ name, description: `${name} says so.`, ...one })
const sectionOf = (guardrails: object[]) => ({ guardrailPack: {}, guardrails })

/** The changes for one past request between two policies. */
function changesOf(from: object[], to: object[], routing: Routing = {}): Change[] {
  const result = replay(
    {
      kind: 'replay',
      candidate: { text: JSON.stringify(sectionOf(to)), calendars: new Map() },
      against: 'current',
      policyForTrial: {
        hash: 'sha256:0',
        section: guardrailsSection.parse(sectionOf(from)),
        calendars: new Map(),
        surroundings: { entitlements: [], clusters: [], ...routing },
      },
      requests: [request],
      budget: 10_000,
    },
    () => 0,
  )
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.result.changed.flatMap(({ changes }) => changes)
}

const named = (changes: Change[]) =>
  changes.map(({ kind, now, requiredBy }) => [`${now} ${kind}`, ...requiredBy.map(({ name }) => name)])

const requires = (name: string, require: object) => guardrail(name, { effect: 'require', require })
const limits = (name: string, limit: object) => guardrail(name, { effect: 'limit', limit })
const windowUntil = (to: string) => ({ windows: [{ zone: 'UTC', days: ['mon-fri'], from: '08:00', to }] })

const harmless = [
  requires('one-of-sre', { approvals: [{ groups: ['sre'] }] }),
  requires('some-ticket', { ticket: true }),
  requires('with-digits', { ticket: { pattern: '[0-9]' } }),
  requires('ten', { reasonMinLength: 10 }),
  limits('an-hour', { maxDuration: 'PT1H' }),
  limits('evening', windowUntil('20:00')),
]
const stricter = [
  requires('two-of-sre', { approvals: [{ groups: ['sre'], count: 2 }] }),
  requires('ops-ticket', { ticket: { pattern: '^OPS-' } }),
  requires('twenty', { reasonMinLength: 20 }),
  limits('half', { maxDuration: 'PT30M' }),
  limits('afternoon', windowUntil('16:00')),
]
const strict = [
  ['approval', 'two-of-sre'],
  ['ticket', 'ops-ticket'],
  ['reason', 'twenty'],
  ['duration', 'half'],
  ['window', 'afternoon'],
] as const

test('a new requirement names exactly the guardrails that require it, with their messages', () => {
  const changes = changesOf(harmless, [...harmless, ...stricter])
  expect(named(changes)).toEqual(strict.map(([kind, name]) => [`more ${kind}`, name]))
  expect(changes[0]).toMatchObject({
    sentence: 'Requires 1 more approval from sre.',
    requiredBy: [{ name: 'two-of-sre', sentence: 'two-of-sre says so.' }],
    requiredByMore: 0,
  })
})

test('a dropped requirement names the guardrails that required it', () => {
  const changes = changesOf([...harmless, ...stricter], harmless)
  expect(named(changes)).toEqual(strict.map(([kind, name]) => [`less ${kind}`, name]))
})

test('a higher number of approvers names the guardrail that requires it, and not one that requires fewer', () => {
  const changes = changesOf([], [requires('three', { approvers: 3 }), requires('two', { approvers: 2 })])
  expect(named(changes)).toEqual([['more approval', 'three']])
})

test('a requirement shows the guardrail’s message as the requester sees it, fixed or computed', () => {
  const one = { effect: 'require', require: { ticket: true } }
  const [change] = changesOf(
    [],
    [
      guardrail('computed', { ...one, messageExpression: "'for ' + request.entitlement" }),
      guardrail('written', { ...one, message: 'A ticket says why.' }),
    ],
  )
  expect(change?.requiredBy).toEqual([
    { name: 'computed', sentence: `for ${request.entitlementName}` },
    { name: 'written', sentence: 'A ticket says why.' },
  ])
})

test('a requirement of 40 guardrails names five of them and counts the rest', () => {
  const many = Array.from({ length: 40 }, (_, i) => requires(`g${i}`, { ticket: true }))
  const [change] = changesOf([], many)
  expect(change?.requiredBy).toHaveLength(5)
  expect(change?.requiredByMore).toBe(35)
})

test('a replay names the owners whom a guardrail would require, and the label of a past request that names none', () => {
  const owner = [requires('owner', { approvals: [{ owners: true }] })]
  const sentences = (routing: Routing) => changesOf([], owner, routing).map(({ sentence }) => sentence)
  const owners = [ownersSchema.parse({ namespaces: ['payments'], people: ['olga@example.com'] })]
  expect(sentences({ owners })).toEqual(['Requires 1 more approval from olga@example.com.'])
  expect(sentences({})).toEqual(['Requires 1 more approval from an owner of each namespace.'])
})
