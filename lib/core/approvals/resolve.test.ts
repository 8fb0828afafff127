import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { ApprovalStep } from '#lib/core/access/entitlement'
import { type DecisionFacts, resolve } from './resolve.ts'

// Thousands of random cases: seconds where the machine is busy with other things.
vi.setConfig({ testTimeout: 60_000 })

const step = (groups: string[], count = 1): ApprovalStep => ({ groups, count })
const yes = (personId: string, ...groups: string[]): DecisionFacts => ({ personId, decision: 'approve', groups })
const no = (personId: string, ...groups: string[]): DecisionFacts => ({ personId, decision: 'deny', groups })
const stands = (resolution: ReturnType<typeof resolve>) => resolution.steps.map(({ approvedBy }) => approvedBy)

describe('when a request is decided', () => {
  test('no steps approve without anyone', () => {
    expect(resolve([], [])).toEqual({ outcome: 'approved', steps: [] })
  })

  test('a step without a decision is pending', () => {
    expect(resolve([step(['leads'])], []).outcome).toBe('pending')
  })

  test('a yes of somebody in the group approves', () => {
    const resolution = resolve([step(['leads'])], [yes('lea', 'leads')])
    expect(resolution).toEqual({
      outcome: 'approved',
      steps: [{ groups: ['leads'], count: 1, approvedBy: ['lea'] }],
    })
  })

  test('a yes of somebody in another group counts for nothing', () => {
    expect(resolve([step(['leads'])], [yes('eve', 'search-dev'), yes('eva')]).outcome).toBe('pending')
  })

  test('one no denies, before, between and after every yes', () => {
    const approvals = [yes('a', 'leads'), yes('b', 'leads')]
    for (const at of [0, 1, 2]) {
      const decisions = [...approvals.slice(0, at), no('c', 'leads'), ...approvals.slice(at)]
      expect(resolve([step(['leads'], 2)], decisions).outcome).toBe('denied')
    }
  })

  test('a no denies even where nobody needs to say yes', () => {
    expect(resolve([], [no('c')]).outcome).toBe('denied')
  })

  test('two of a group are two people, not one twice', () => {
    const steps = [step(['leads'], 2)]
    expect(resolve(steps, [yes('a', 'leads'), yes('a', 'leads')]).outcome).toBe('pending')
    expect(resolve(steps, [yes('a', 'leads'), yes('b', 'leads')]).outcome).toBe('approved')
  })

  test('more than enough is enough, and nobody disappears', () => {
    const resolution = resolve([step(['leads'])], [yes('a', 'leads'), yes('b', 'leads')])
    expect(resolution.outcome).toBe('approved')
    expect(stands(resolution)).toEqual([['a', 'b']])
  })

  test('any group of a step will do, and all steps are needed', () => {
    const steps = [step(['leads', 'sre']), step(['security'])]
    expect(resolve(steps, [yes('a', 'sre')]).outcome).toBe('pending')
    expect(resolve(steps, [yes('a', 'sre'), yes('b', 'security')]).outcome).toBe('approved')
  })
})

describe('one person counts once over all steps', () => {
  const both = [step(['leads']), step(['sre'])]

  test('somebody in the groups of two steps does not stand for both', () => {
    expect(resolve(both, [yes('a', 'leads', 'sre')]).outcome).toBe('pending')
  })

  test('but stands where they are needed, whoever came first', () => {
    for (const decisions of [
      [yes('a', 'leads', 'sre'), yes('b', 'leads')],
      [yes('b', 'leads'), yes('a', 'leads', 'sre')],
      [yes('a', 'leads', 'sre'), yes('b', 'sre')],
    ]) {
      expect(resolve(both, decisions).outcome).toBe('approved')
    }
    expect(stands(resolve(both, [yes('a', 'leads', 'sre'), yes('b', 'leads')]))).toEqual([['b'], ['a']])
  })

  test('also along a chain of people who each have to move', () => {
    const steps = [step(['w']), step(['x']), step(['y']), step(['z'])]
    const decisions = [yes('a', 'w', 'x'), yes('b', 'x', 'y'), yes('c', 'y', 'z'), yes('d', 'w')]
    expect(resolve(steps, decisions).outcome).toBe('approved')
  })

  test('the same step twice needs two people', () => {
    expect(resolve([step(['leads']), step(['leads'])], [yes('a', 'leads')]).outcome).toBe('pending')
    expect(resolve([step(['leads']), step(['leads'])], [yes('a', 'leads'), yes('b', 'leads')]).outcome).toBe('approved')
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

/** Tries every way to give people to places. */
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

test('approved exactly when some way to give each place its own person exists, in whatever order they came', () => {
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

test('everybody shown at a step may stand for it, and nobody is shown twice', () => {
  fc.assert(
    fc.property(fc.array(aStep, { maxLength: 3 }), fc.array(anApproval, { maxLength: 8 }), (steps, decisions) => {
      const shown = resolve(steps, decisions).steps
      const everybody = shown.flatMap(({ approvedBy }) => approvedBy)
      expect(new Set(everybody).size).toBe(everybody.length)
      for (const { groups, approvedBy } of shown) {
        for (const id of approvedBy) {
          const first = decisions.find(({ personId }) => personId === id)
          expect(first?.groups.some((group) => groups.includes(group))).toBe(true)
        }
      }
    }),
  )
})
