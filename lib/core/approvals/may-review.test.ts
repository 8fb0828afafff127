import { describe, expect, test } from 'vitest'
import { mayReview, type ReviewFacts } from './may-review.ts'

const person = (name: string, groups: string[] = []) => ({
  ...{ issuer: 'https://id.example.com', subject: name, email: `${name}@example.com` },
  ...{ emailVerified: true, knownEmails: [], groups },
})
const codeOf = (changes: Partial<ReviewFacts> = {}) =>
  mayReview({
    ...{ person: person('lea', ['payments-leads']), requester: person('ada'), isAuditor: false },
    ...{ reviewDueAt: new Date('2026-11-26T09:00:00Z'), isReviewed: false, grantStatus: 'ended' },
    ...{ groups: ['payments-leads', 'security'], isOneSubjectPerPerson: false },
    ...changes,
  }).code

describe('a review', () => {
  test('a review can be recorded by a skipped approver, by security and by an auditor, once the access has ended', () => {
    expect(codeOf()).toBeUndefined()
    expect(codeOf({ person: person('sol', ['security']) })).toBeUndefined()
    expect(codeOf({ person: person('ines'), isAuditor: true })).toBeUndefined()
  })
  test('a review is never by the holder, also not under another account or as an auditor', () => {
    const ada = person('ada', ['payments-leads'])
    expect(codeOf({ person: ada })).toBe('own-request')
    expect(codeOf({ person: { ...ada, subject: 'ada-2', email: 'Ada@Example.com' } })).toBe('own-request')
    expect(codeOf({ person: ada, isAuditor: true })).toBe('own-request')
  })
  test('a review is not by someone who cannot be told apart from the holder', () =>
    expect(codeOf({ person: { ...person('lea', ['payments-leads']), emailVerified: false } })).toBe('unverified'))
  test('a review is not by anyone else', () =>
    expect(codeOf({ person: person('lea', ['sre']) })).toBe('not-a-reviewer'))
  test.each(['pending', 'active', 'ending', null] as const)(
    'cannot be recorded while the access is %s',
    (grantStatus) => expect(codeOf({ grantStatus })).toBe('not-ended'),
  )
  test('a review is recorded once, and only for break-glass access', () => {
    expect(codeOf({ isReviewed: true })).toBe('already-reviewed')
    expect(codeOf({ reviewDueAt: null })).toBe('not-break-glass')
  })
})
