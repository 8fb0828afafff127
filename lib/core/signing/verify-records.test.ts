import { describe, expect, it } from 'vitest'
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
  const whole = { ...person, email: `${name}@example.com`, emailVerified: true }
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
const asked: Terms = { namespaces: ['checkout', 'payments'], rules: anEntitlement().rules ?? [], durationSeconds: 1800 }
const digestFor = (terms: Terms) =>
  digestOf({ ...terms, requester: ada, cluster: 'prod-eu', clusterRole: null, startsAt: null })

function aRequest(now: Terms = asked): ApprovalRecords['request'] {
  const request = {
    ...{
      id: 'req_1',
      entitlementName: 'payments-restart',
      entitlementHash: contentHash(entitlement),
      policyHash: 'sha256:0',
    },
    ...{
      cluster: 'prod-eu',
      submittedTerms: { ...asked, digest: digestFor(asked) },
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

const shorter = { ...asked, durationSeconds: 600 }
const fewer = { ...shorter, namespaces: ['payments'] }

describe('what leads from what was asked to what stands', () => {
  it('nothing changed, nobody or everybody having said so', () => {
    expect(why({})).toBeNull()
    expect(why({ decisions: [aDecision(lea, asked), aDecision(sam, asked)] })).toBeNull()
  })
  it('one narrowing after the other, in whatever order they are read', () => {
    const decisions = [aDecision(lea, asked, shorter), aDecision(sam, shorter, fewer)]
    expect(why({ request: aRequest(fewer), decisions })).toBeNull()
    expect(why({ request: aRequest(fewer), decisions: decisions.toReversed() })).toBeNull()
    expect(
      why({ request: aRequest(shorter), decisions: [aDecision(sam, asked), aDecision(lea, asked, shorter)] }),
    ).toBeNull()
  })
  it.each([
    ['terms that nobody narrowed', aRequest(shorter), []],
    ['terms before a narrowing', aRequest(), [aDecision(lea, asked, shorter)]],
    ['terms half-way', aRequest(shorter), [aDecision(lea, asked, shorter), aDecision(sam, shorter, fewer)]],
    ['a narrowing of something else', aRequest(fewer), [aDecision(sam, shorter, fewer)]],
    ['a yes to something else', aRequest(), [aDecision(lea, shorter)]],
    ['terms that are not those of the digest', { ...aRequest(), durationSeconds: 7200 }, []],
    ['terms that are none', { ...aRequest(), rules: 'x' as never }, []],
  ])('not %s', (_, request, decisions) => expect(why({ request, decisions })).toBe('request not-what-was-decided'))
})

describe('what Postern did not write', () => {
  it('is found whichever record it is', () => {
    expect(why({ request: { ...aRequest(), reason: 'another' } })).toBe('request mismatch')
    expect(why({ request: { ...aRequest(), id: 'req_2' } })).toBe('request mismatch')
    expect(why({ requester: { ...ada, groups: ['sre'] } })).toBe('person mismatch')
    expect(why({ requester: lea })).toBe('request mismatch')
    expect(why({ decisions: [{ ...aDecision(lea, asked), groups: ['sre'] }] })).toBe('decision mismatch')
    expect(why({ decisions: [{ ...aDecision(lea, asked), person: sam }] })).toBe('decision mismatch')
    expect(why({ decisions: [{ ...aDecision(lea, asked), person: { ...lea, groups: [] } }] })).toBe('person mismatch')
    expect(why({ decisions: [{ ...aDecision(lea, asked), signature: null }] })).toBe('decision missing')
    expect(why({ entitlement: { ...(entitlement as object), approvals: [] } })).toBe('entitlement not-its-name')
  })
})

describe('somebody who signed in', () => {
  const since = (seconds: number) => new Date(new Date(at).getTime() + seconds * 1000)
  it('is who the row says that the sign-in wrote or confirmed', () => {
    expect(verifySignedInPerson(keys, ada, since(0))).toBeNull()
    expect(verifySignedInPerson(keys, ada, since(60))).toBeNull()
  })
  it('is not who an older row says, although it is signed: its groups may be lost since', () => {
    expect(verifySignedInPerson(keys, ada, since(121))?.code).toBe('outdated')
    expect(verifySignedInPerson(keys, { ...ada, groupsAt: since(121) }, since(121))?.code).toBe('mismatch')
  })
})
