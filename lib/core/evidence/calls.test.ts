import { describe, expect, test } from 'vitest'
import {
  type CallLine,
  callLineText,
  foldCalls,
  mostCallsOfGrant,
  type PackCall,
  type PackGrant,
  parseCallLine,
} from './calls.ts'
import type { GrantFacts, RequestFacts } from './facts.ts'
import { reportPieces } from './report.ts'

const aCall = (overrides: Partial<PackCall> = {}): PackCall => ({
  ...{ at: '2026-11-23T09:05:00.000Z', endedAt: '2026-11-23T09:05:00.000Z', kind: 'grant', verb: 'list', group: '' },
  ...{ resource: 'pods', subresource: '', namespace: 'payments', name: '', path: '', query: null, code: 200 },
  ...{ account: 'system:serviceaccount:postern-grants:g', impersonated: null, credentialId: null, address: null },
  ...{ forwardedFor: null, userAgent: null, auditId: 'an-audit-id' },
  ...overrides,
})

const aHead = (overrides: Partial<PackGrant> = {}): PackGrant => ({
  ...{ id: 'gra_1', cluster: 'prod-eu', count: 0, refused: 0, secrets: 0 },
  feed: { firstAt: '2026-11-23T08:00:00.000Z', newestAt: '2026-11-23T10:00:00.000Z' },
  ...overrides,
})

function fold(...lines: CallLine[]) {
  const folded = foldCalls()
  for (const line of lines) expect(folded.add(line, callLineText(line))).toBe(true)
  return folded.end()
}

const grant: GrantFacts = {
  ...{ id: 'gra_1', beganAt: '2026-11-23T09:00:00.000000Z', expiresAt: null, allowed: 1, denied: 1 },
  ...{ endedAt: '2026-11-23T09:30:00.000000Z', ending: null, failure: null, accounts: [], credentials: [] },
}

function reportOf(head: PackGrant, calls: readonly PackCall[], of: Partial<GrantFacts> = {}): string {
  const request: RequestFacts = {
    ...{ id: 'req_1', cluster: 'prod-eu', submission: null, digests: [], policies: [], decisions: [], outcome: null },
    ...{ isBreakGlass: false, review: null, grants: [{ ...grant, ...of }], lines: [] },
  }
  const facts = { requests: [request], others: [], count: 0, firstAt: null, lastAt: null }
  const packed = fold({ grant: head }, ...calls.map((call) => ({ call })))
  const documents = { terms: new Map(), policies: new Set<string>() }
  const pieces = reportPieces({ scope: { request: 'req_1' }, facts, calls: packed, size: 1, key: 'k', ...documents })
  return [...pieces].join('').replaceAll(/<[^>]*>/g, '')
}

describe('the report says for which time calls are known', () => {
  test('nothing, if the cluster never reported a call', () => {
    const report = reportOf(aHead({ feed: null }), [])
    expect(report).toContain('Not known: prod-eu reported no calls to Postern at all')
    expect(report).not.toContain('0 calls, of which')
  })

  test('no gap, if the cluster reported calls from before the begin until after the end', () => {
    expect(reportOf(aHead(), [])).toContain('0 calls, of which the API server refused 0.')
    expect(reportOf(aHead(), [])).not.toContain('Not known: ')
  })

  test('the gap before the first report, and the one after the newest', () => {
    const feed = { firstAt: '2026-11-23T09:00:00.001Z', newestAt: '2026-11-23T09:29:59.999Z' }
    const report = reportOf(aHead({ feed }), [])
    expect(report).toContain('Not known: calls before 2026-11-23 09:00:00.001 UTC')
    expect(report).toContain('Not known: calls after 2026-11-23 09:29:59.999 UTC')
  })

  test('the calls that retention removed', () => {
    const removedBefore = '2026-11-23T09:00:00.001Z'
    const feed = { firstAt: removedBefore, newestAt: '2026-11-23T10:00:00.000Z', removedBefore }
    const report = reportOf(aHead({ feed }), [])
    expect(report).toContain('Not known: calls before 2026-11-23 09:00:00.001 UTC were removed by retention')
    expect(report).toContain('those are kept that were made from 2026-11-23 09:00:00.001 UTC')
  })

  test('an end in the future, while the access has not ended', () => {
    expect(reportOf(aHead(), [], { endedAt: null })).toContain('Not known: calls after 2026-11-23 10:00:00.000 UTC')
  })
})

test('the figures are those of all calls, also of those that are not in the pack', () => {
  const report = reportOf(aHead({ count: mostCallsOfGrant + 5, refused: 7, secrets: 3 }), [aCall()])
  expect(report).toContain(
    `${mostCallsOfGrant + 5} calls, of which the API server refused 7. 3 calls read or changed Secrets.`,
  )
  expect(report).toContain('This pack has the first 1 that arrived.')
})

test('a caller who invents resources and names of Secrets makes no table of a report longer than 100 rows', () => {
  const calls = Array.from({ length: 250 }, (_, i) =>
    aCall({ kind: 'secret', verb: 'get', resource: `secrets${i}`, name: `s${i}` }),
  )
  const { groups, ungrouped, secretGroups, ungroupedSecrets } =
    fold({ grant: aHead() }, ...calls.map((call) => ({ call }))).grants.get('gra_1') ?? {}
  expect([groups?.length, ungrouped, secretGroups?.length, ungroupedSecrets]).toEqual([100, 150, 100, 150])
})

test('a refused read of a Secret counts as refused, and not as a Secret that was touched', () => {
  const facts = fold({ grant: aHead() }, { call: aCall({ kind: 'secret', verb: 'get', code: 403 }) }).grants.get(
    'gra_1',
  )
  expect(facts).toMatchObject({ refused: 1, secrets: 0, secretGroups: [] })
})

test('equal calls are one row with their first and last time, in whatever order they arrived', () => {
  const times = ['09:05', '09:03', '09:09'].map((one) => `2026-11-23T${one}:00.000Z`)
  const facts = fold({ grant: aHead() }, ...times.map((at) => ({ call: aCall({ at }) }))).grants.get('gra_1')
  expect(facts?.groups).toEqual([expect.objectContaining({ count: 3, firstAt: times[1], lastAt: times[2] })])
})

test('a line is read only in the one form in which a pack writes it', () => {
  const text = callLineText({ call: aCall() })
  expect(parseCallLine(text)).toEqual({ call: aCall() })
  for (const changed of [` ${text}`, text.replace('{"call"', '{"x":1,"call"'), text.replace('200', '2e2'), '', '{}'])
    expect(parseCallLine(changed), changed).toBeNull()
})
