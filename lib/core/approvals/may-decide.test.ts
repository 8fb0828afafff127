import { describe, expect, test } from 'vitest'
import { type DecidingFacts, mayDecide } from './may-decide.ts'

const someone = (subject: string, groups: string[] = [], email = `${subject}@example.com`) => ({
  issuer: 'https://id.example.com',
  subject,
  email,
  emailVerified: true,
  groups,
})

const facts = (changes: Partial<DecidingFacts> = {}): DecidingFacts => ({
  person: someone('lea', ['payments-leads']),
  requester: someone('ed', ['payments-dev']),
  status: 'pending',
  steps: [{ groups: ['payments-leads'], count: 1 }],
  currentSteps: [{ groups: ['payments-leads'], count: 1 }],
  decided: [],
  isOneSubjectPerPerson: false,
  ...changes,
})
const code = (changes: Partial<DecidingFacts>) => mayDecide(facts(changes)).code

test('a member of an approver group may decide a pending request', () => {
  expect(mayDecide(facts())).toEqual({ may: true })
})

describe('self-approval', () => {
  const approver = ['payments-leads', 'platform-admins']
  test('no one may decide their own request, whatever groups they are in', () => {
    expect(code({ person: someone('ed', approver) })).toBe('own-request')
  })
  test('a second account with the same verified e-mail address may not decide the request, in any letter case', () => {
    expect(code({ person: someone('ed-two', approver, 'ED@Example.com') })).toBe('own-request')
  })
  test('an account without a verified e-mail address may not decide, nor may its requests be decided', () => {
    const unverified = { emailVerified: false }
    const person = { ...someone('ed-two', approver), ...unverified }
    const requester = { ...someone('ed', ['payments-dev']), ...unverified }
    for (const pair of [{ person }, { requester }, { person, requester }]) {
      expect(code(pair)).toBe('unverified')
      expect(
        code({ ...pair, isOneSubjectPerPerson: true }),
        'the provider gives each person one subject',
      ).toBeUndefined()
    }
    const former = { ...person, knownEmails: ['x@example.com'] }
    expect(code({ person: { ...former, everVerified: true } }), 'verified once is enough').toBeUndefined()
    expect(code({ person: former }), 'but known addresses are not signed').toBe('unverified')
  })
  test('the reason for refusing a self-approval is the same after the request was decided', () => {
    expect(code({ person: someone('ed', approver), status: 'approved' })).toBe('own-request')
  })
  test('the same subject at another provider is another person', () => {
    const person = { ...someone('ed', approver, 'other@example.com'), issuer: 'https://other.example.com' }
    expect(code({ person })).toBeUndefined()
  })
})

describe('approver groups', () => {
  test('a person outside every approver group may not decide', () => {
    expect(code({ person: someone('x', ['search-leads', 'payments-lead', 'PAYMENTS-LEADS']) })).toBe('not-an-approver')
    expect(code({ person: someone('x') })).toBe('not-an-approver')
    expect(code({ steps: [], currentSteps: [] })).toBe('not-an-approver')
  })
  test('a member of any group of any step may decide', () => {
    const steps = [
      { groups: ['sre'], count: 1 },
      { groups: ['security', 'payments-leads'], count: 1 },
    ]
    expect(code({ steps, currentSteps: steps })).toBeUndefined()
  })
  test('a group that was removed from the configuration may no longer decide', () => {
    expect(code({ currentSteps: [{ groups: ['sre'], count: 1 }] })).toBe('not-an-approver')
  })
  test('a group that was added to the configuration after submission may not decide', () => {
    const currentSteps = [{ groups: ['payments-leads', 'sre'], count: 1 }]
    expect(code({ person: someone('x', ['sre']), currentSteps })).toBe('not-an-approver')
  })
  test('the approver groups of a removed entitlement may still deny', () => {
    expect(code({ currentSteps: null })).toBeUndefined()
    expect(code({ currentSteps: null, person: someone('x', ['sre']) })).toBe('not-an-approver')
  })
})

describe('one decision per person', () => {
  test.each(['approved', 'denied', 'withdrawn', 'lapsed'] as const)(
    'a request that is %s cannot be decided',
    (status) => {
      expect(code({ status })).toBe('not-pending')
    },
  )
  test('a person cannot decide a request twice, not even with a second account', () => {
    expect(code({ decided: [someone('lea')] })).toBe('already-decided')
    expect(code({ decided: [someone('lea-two', [], 'Lea@example.com')] })).toBe('already-decided')
    expect(code({ decided: [someone('leo')] })).toBeUndefined()
  })
})

test('every refusal to decide gives a reason in a full sentence', () => {
  for (const changes of [{ person: someone('ed') }, { person: someone('x') }, { status: 'lapsed' as const }]) {
    expect(mayDecide(facts(changes))).toMatchObject({ may: false, why: expect.stringMatching(/\.$/) })
  }
})
