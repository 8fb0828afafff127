import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { type DecisionFacts, resolve } from './resolve.ts'

const step = (groups: string[], count = 1): ApprovalStep => ({ groups, count })
const approval = (personId: string, ...groups: string[]): DecisionFacts => ({ personId, decision: 'approve', groups })
const denial = (personId: string, ...groups: string[]): DecisionFacts => ({ personId, decision: 'deny', groups })
const approversByStep = (resolution: ReturnType<typeof resolve>) => resolution.steps.map(({ approvedBy }) => approvedBy)

describe('the outcome of a request', () => {
  test('a request without steps is approved without anyone', () => {
    expect(resolve([], [])).toEqual({ outcome: 'approved', steps: [] })
  })

  test('a step without a decision keeps the request pending', () => {
    expect(resolve([step(['leads'])], []).outcome).toBe('pending')
  })

  test('an approval by a member of the group approves the step', () => {
    const resolution = resolve([step(['leads'])], [approval('lea', 'leads')])
    expect(resolution).toEqual({
      outcome: 'approved',
      steps: [{ groups: ['leads'], count: 1, approvedBy: ['lea'] }],
    })
  })

  test('an approval by a person outside the group does not count', () => {
    expect(resolve([step(['leads'])], [approval('eve', 'search-dev'), approval('eva')]).outcome).toBe('pending')
  })

  test('one denial denies the request, before, between and after approvals', () => {
    const approvals = [approval('a', 'leads'), approval('b', 'leads')]
    for (const at of [0, 1, 2]) {
      const decisions = [...approvals.slice(0, at), denial('c', 'leads'), ...approvals.slice(at)]
      expect(resolve([step(['leads'], 2)], decisions).outcome).toBe('denied')
    }
  })

  test('a denial denies even a request that needs no approval', () => {
    expect(resolve([], [denial('c')]).outcome).toBe('denied')
  })

  test('a count of two needs two people; one person approving twice is not enough', () => {
    const steps = [step(['leads'], 2)]
    expect(resolve(steps, [approval('a', 'leads'), approval('a', 'leads')]).outcome).toBe('pending')
    expect(resolve(steps, [approval('a', 'leads'), approval('b', 'leads')]).outcome).toBe('approved')
  })

  test('an approval beyond the required count is still shown', () => {
    const resolution = resolve([step(['leads'])], [approval('a', 'leads'), approval('b', 'leads')])
    expect(resolution.outcome).toBe('approved')
    expect(approversByStep(resolution)).toEqual([['a', 'b']])
  })

  test('any group of a step may approve it, and every step has to be approved', () => {
    const steps = [step(['leads', 'sre']), step(['security'])]
    expect(resolve(steps, [approval('a', 'sre')]).outcome).toBe('pending')
    expect(resolve(steps, [approval('a', 'sre'), approval('b', 'security')]).outcome).toBe('approved')
  })
})

describe('one person counts for one step', () => {
  const both = [step(['leads']), step(['sre'])]

  test('a person in the groups of two steps does not approve both', () => {
    expect(resolve(both, [approval('a', 'leads', 'sre')]).outcome).toBe('pending')
  })

  test('a person in the groups of two steps counts where they are needed, in any order of approvals', () => {
    for (const decisions of [
      [approval('a', 'leads', 'sre'), approval('b', 'leads')],
      [approval('b', 'leads'), approval('a', 'leads', 'sre')],
      [approval('a', 'leads', 'sre'), approval('b', 'sre')],
    ]) {
      expect(resolve(both, decisions).outcome).toBe('approved')
    }
    expect(approversByStep(resolve(both, [approval('a', 'leads', 'sre'), approval('b', 'leads')]))).toEqual([
      ['b'],
      ['a'],
    ])
  })

  test('approvers move along a chain of steps if that fills one more step', () => {
    const steps = [step(['w']), step(['x']), step(['y']), step(['z'])]
    const decisions = [approval('a', 'w', 'x'), approval('b', 'x', 'y'), approval('c', 'y', 'z'), approval('d', 'w')]
    expect(resolve(steps, decisions).outcome).toBe('approved')
  })

  test('the same step twice needs two people', () => {
    expect(resolve([step(['leads']), step(['leads'])], [approval('a', 'leads')]).outcome).toBe('pending')
    expect(resolve([step(['leads']), step(['leads'])], [approval('a', 'leads'), approval('b', 'leads')]).outcome).toBe(
      'approved',
    )
  })
})

const groups = ['g1', 'g2', 'g3']
const aStep = fc.record({
  groups: fc.uniqueArray(fc.constantFrom(...groups), { minLength: 1, maxLength: 2 }),
  count: fc.integer({ min: 1, max: 2 }),
})
const anApproval = fc.record({
  personId: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  decision: fc.constant('approve' as const),
  groups: fc.subarray(groups),
})

/** Tries every assignment of people to places. */
function canFill(places: string[][], people: DecisionFacts[]): boolean {
  const [place, ...others] = places
  if (!place) return true
  return people.some(
    (person, index) =>
      place.some((group) => person.groups.includes(group)) &&
      canFill(
        others,
        people.filter((_, other) => other !== index),
      ),
  )
}

test('a request is approved exactly if each required approval can have its own person, in any order of decisions', () => {
  fc.assert(
    fc.property(
      fc.array(aStep, { maxLength: 3 }),
      fc.uniqueArray(anApproval, { selector: (d) => d.personId, maxLength: 5 }),
      (steps, decisions) => {
        const places = steps.flatMap(({ groups, count }) => Array.from({ length: count }, () => groups))
        const expected = canFill(places, decisions) ? 'approved' : 'pending'
        expect(resolve(steps, decisions).outcome).toBe(expected)
        expect(resolve(steps, [...decisions].reverse()).outcome).toBe(expected)
      },
    ),
    { numRuns: 2000 },
  )
})

test('everyone shown at a step is in one of its groups, and no one is shown twice', () => {
  fc.assert(
    fc.property(fc.array(aStep, { maxLength: 3 }), fc.array(anApproval, { maxLength: 8 }), (steps, decisions) => {
      const shown = resolve(steps, decisions).steps
      const everyone = shown.flatMap(({ approvedBy }) => approvedBy)
      expect(new Set(everyone).size).toBe(everyone.length)
      for (const { groups, approvedBy } of shown) {
        for (const id of approvedBy) {
          const first = decisions.find(({ personId }) => personId === id)
          expect(first?.groups.some((group) => groups.includes(group))).toBe(true)
        }
      }
    }),
  )
})
