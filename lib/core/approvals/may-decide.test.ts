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

test('somebody of the group may decide a pending request', () => {
  expect(mayDecide(facts())).toEqual({ may: true })
})

describe('nobody decides their own request', () => {
  const approver = ['payments-leads', 'platform-admins']
  test('whatever groups they are in', () => {
    expect(code({ person: someone('ed', approver) })).toBe('own-request')
  })
  test('nor by a second account with the same verified e-mail, in any case', () => {
    expect(code({ person: someone('ed-two', approver, 'ED@Example.com') })).toBe('own-request')
  })
  test('nor by an account of which nobody can tell whose it is, on either side', () => {
    const unverified = { emailVerified: false }
    const person = { ...someone('ed-two', approver), ...unverified }
    const requester = { ...someone('ed', ['payments-dev']), ...unverified }
    for (const pair of [{ person }, { requester }, { person, requester }]) {
      expect(code(pair)).toBe('unverified')
      expect(code({ ...pair, isOneSubjectPerPerson: true }), 'the provider gives nobody two').toBeUndefined()
    }
    expect(code({ person: { ...person, knownEmails: ['x@example.com'] } }), 'verified once is enough').toBeUndefined()
  })
  test('nor when it is decided already: the reason stays the same', () => {
    expect(code({ person: someone('ed', approver), status: 'approved' })).toBe('own-request')
  })
  test('the same subject of another provider is somebody else', () => {
    const person = { ...someone('ed', approver, 'other@example.com'), issuer: 'https://other.example.com' }
    expect(code({ person })).toBeUndefined()
  })
})

describe('only those of a group of a step', () => {
  test('other groups may not, nor those without groups, nor anyone where there are no steps', () => {
    expect(code({ person: someone('x', ['search-leads', 'payments-lead', 'PAYMENTS-LEADS']) })).toBe('not-an-approver')
    expect(code({ person: someone('x') })).toBe('not-an-approver')
    expect(code({ steps: [], currentSteps: [] })).toBe('not-an-approver')
  })
  test('any group of any step will do', () => {
    const steps = [
      { groups: ['sre'], count: 1 },
      { groups: ['security', 'payments-leads'], count: 1 },
    ]
    expect(code({ steps, currentSteps: steps })).toBeUndefined()
  })
  test('a group that the configuration took away may no more', () => {
    expect(code({ currentSteps: [{ groups: ['sre'], count: 1 }] })).toBe('not-an-approver')
  })
  test('a group that the configuration added since was not asked', () => {
    const currentSteps = [{ groups: ['payments-leads', 'sre'], count: 1 }]
    expect(code({ person: someone('x', ['sre']), currentSteps })).toBe('not-an-approver')
  })
  test('where the entitlement is gone, those who were asked may still say no', () => {
    expect(code({ currentSteps: null })).toBeUndefined()
    expect(code({ currentSteps: null, person: someone('x', ['sre']) })).toBe('not-an-approver')
  })
})

describe('only once, and only while it is open', () => {
  test.each(['approved', 'denied', 'withdrawn', 'lapsed'] as const)('not when it is %s', (status) => {
    expect(code({ status })).toBe('not-pending')
  })
  test('not twice, nor again by a second account of the same person', () => {
    expect(code({ decided: [someone('lea')] })).toBe('already-decided')
    expect(code({ decided: [someone('lea-two', [], 'Lea@example.com')] })).toBe('already-decided')
    expect(code({ decided: [someone('leo')] })).toBeUndefined()
  })
  test('every no comes with a sentence', () => {
    for (const changes of [{ person: someone('ed') }, { person: someone('x') }, { status: 'lapsed' as const }]) {
      expect(mayDecide(facts(changes))).toMatchObject({ may: false, why: expect.stringMatching(/\.$/) })
    }
  })
})
