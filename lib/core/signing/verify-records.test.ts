import { describe, expect, test } from 'vitest'
import { contentHash } from '#lib/core/access/content-hash'
import { digestOf } from '#lib/core/access/terms'
import { anEntitlement } from '#testing/configuration'
import { sign, signingKey } from './signature.ts'
import { decisionStatement, personStatement, requestStatement } from './statements.ts'
import { type ApprovalRecords, verifyApproval, verifySignedInPerson } from './verify-records.ts'

const key = signingKey('k'.repeat(32))
const keys = { use: key, accepted: [key] }
const at = '2026-11-25T10:00:00.000Z'

function aSignedPerson(name: string, groups: string[]) {
  const person = { id: `per_${name}`, issuer: 'https://id.example.com', subject: name, name, groups, groupsAt: at }
  const whole = { ...person, email: `${name}@example.com`, emailVerified: true, everVerified: true }
  return { ...whole, signature: sign(keys, 'person', personStatement(whole)) }
}
const ada = aSignedPerson('ada', ['payments-dev'])
const lea = aSignedPerson('lea', ['payments-leads'])
const sam = aSignedPerson('sam', ['payments-leads'])
const entitlement = JSON.parse(JSON.stringify(anEntitlement())) as unknown

type Terms = {
  namespaces: string[]
  rules: NonNullable<ReturnType<typeof anEntitlement>['rules']>
  durationSeconds: number
}
const submitted: Terms = {
  namespaces: ['checkout', 'payments'],
  rules: anEntitlement().rules ?? [],
  durationSeconds: 1800,
}
const digestFor = (terms: Terms) =>
  digestOf({ ...terms, requester: ada, cluster: 'prod-eu', clusterRole: null, startsAt: null, agent: null })

function aRequest(now: Terms = submitted): ApprovalRecords['request'] {
  const request = {
    ...{
      id: 'req_1',
      entitlementName: 'payments-restart',
      entitlementHash: contentHash(entitlement),
      policyHash: 'sha256:0',
    },
    ...{
      cluster: 'prod-eu',
      submittedTerms: { ...submitted, digest: digestFor(submitted) },
      clusterRole: null,
      startsAt: null,
    },
    ...{
      reason: 'it hangs',
      ticket: null,
      verdict: {},
      facts: {},
      difference: null,
      steps: [],
      extendsGrantId: null,
      heldSince: null,
      reviewDueAt: null,
      agent: null,
      createdAt: at,
      lapsesAt: at,
    },
  }
  const signature = sign(keys, 'request', requestStatement({ ...request, requester: ada }))
  return { ...request, ...now, digest: digestFor(now), signature }
}

function aDecision(person: typeof lea, from: Terms, to: Terms = from) {
  const decision = {
    ...{ id: `dec_${person.subject}`, decision: 'approve', note: null, digest: digestFor(from), result: digestFor(to) },
    ...{ narrowed: null, difference: null, groups: person.groups, createdAt: at, person },
  }
  return { ...decision, signature: sign(keys, 'decision', decisionStatement({ ...decision, requestId: 'req_1' })) }
}

const why = (records: Partial<ApprovalRecords>) => {
  const found = verifyApproval(keys, { request: aRequest(), requester: ada, entitlement, decisions: [], ...records })
  return found && `${found.record} ${found.code}`
}

const shorter = { ...submitted, durationSeconds: 600 }
const fewer = { ...shorter, namespaces: ['payments'] }

describe('the stored terms', () => {
  test('unchanged terms are accepted, with or without decisions', () => {
    expect(why({})).toBeNull()
    expect(why({ decisions: [aDecision(lea, submitted), aDecision(sam, submitted)] })).toBeNull()
  })
  test('terms that a chain of narrowings leads to are accepted, in any order of the decisions', () => {
    const decisions = [aDecision(lea, submitted, shorter), aDecision(sam, shorter, fewer)]
    expect(why({ request: aRequest(fewer), decisions })).toBeNull()
    expect(why({ request: aRequest(fewer), decisions: decisions.toReversed() })).toBeNull()
    expect(
      why({ request: aRequest(shorter), decisions: [aDecision(sam, submitted), aDecision(lea, submitted, shorter)] }),
    ).toBeNull()
  })
  test.each([
    ['narrower terms that no decision narrowed', aRequest(shorter), []],
    ['terms before a narrowing', aRequest(), [aDecision(lea, submitted, shorter)]],
    [
      'terms in the middle of a chain of narrowings',
      aRequest(shorter),
      [aDecision(lea, submitted, shorter), aDecision(sam, shorter, fewer)],
    ],
    ['a narrowing of other terms', aRequest(fewer), [aDecision(sam, shorter, fewer)]],
    ['an approval of other terms', aRequest(), [aDecision(lea, shorter)]],
    ['terms that do not match their digest', { ...aRequest(), durationSeconds: 7200 }, []],
    ['malformed terms', { ...aRequest(), rules: 'x' as never }, []],
  ])('these stored terms are rejected: %s', (_, request, decisions) =>
    expect(why({ request, decisions })).toBe('request not-what-was-decided'),
  )
})

describe('signatures', () => {
  test('a record that Postern did not write is rejected, whichever it is', () => {
    expect(why({ request: { ...aRequest(), reason: 'another' } })).toBe('request mismatch')
    expect(why({ request: { ...aRequest(), id: 'req_2' } })).toBe('request mismatch')
    expect(why({ request: { ...aRequest(), agent: 'an agent' } })).toBe('request mismatch')
    expect(why({ requester: { ...ada, groups: ['sre'] } })).toBe('person mismatch')
    expect(why({ requester: lea })).toBe('request mismatch')
    expect(why({ decisions: [{ ...aDecision(lea, submitted), groups: ['sre'] }] })).toBe('decision mismatch')
    expect(why({ decisions: [{ ...aDecision(lea, submitted), person: sam }] })).toBe('decision mismatch')
    expect(why({ decisions: [{ ...aDecision(lea, submitted), person: { ...lea, groups: [] } }] })).toBe(
      'person mismatch',
    )
    expect(why({ decisions: [{ ...aDecision(lea, submitted), signature: null }] })).toBe('decision missing')
    expect(why({ entitlement: { ...(entitlement as object), approvals: [] } })).toBe('entitlement not-its-name')
  })
})

describe('the row of a signed-in person', () => {
  const since = (seconds: number) => new Date(new Date(at).getTime() + seconds * 1000)
  test('the row that the sign-in wrote or confirmed is accepted', () => {
    expect(verifySignedInPerson(keys, ada, since(0))).toBeNull()
    expect(verifySignedInPerson(keys, ada, since(60))).toBeNull()
  })
  test('a row that is older than the sign-in is rejected even if it is signed', () => {
    expect(verifySignedInPerson(keys, ada, since(121))?.code).toBe('outdated')
    expect(verifySignedInPerson(keys, { ...ada, groupsAt: since(121) }, since(121))?.code).toBe('mismatch')
  })
})
