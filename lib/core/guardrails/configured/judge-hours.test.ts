import { describe, expect, test } from 'vitest'
import { compileGuardrails } from './compile.ts'
import { monday, someFacts } from './facts.testing.ts'
import { judge } from './judge-configured.ts'
import { type GuardrailInput, guardrailSchema } from './schema.ts'

const compiled = (...guardrails: Partial<GuardrailInput>[]) => {
  const parsed = guardrails.map((guardrail, n) =>
    guardrailSchema.parse({ name: `test-${n}`, description: 'Not allowed.', effect: 'deny', ...guardrail }),
  )
  const result = compileGuardrails(parsed)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.compiled
}
const judged = (guardrail: Partial<GuardrailInput>, facts = someFacts(), now = monday) =>
  judge(compiled(guardrail), facts, now)

describe('windows and freezes', () => {
  const hours = (more: object = {}) => ({
    effect: 'limit' as const,
    limit: { windows: [{ zone: 'Europe/Berlin', days: ['mon-fri'], from: '09:00', to: '18:00' }], ...more },
  })
  const at = (text: string) => new Date(text)

  test('a request inside a window passes, and the judgement has the time at which the window closes', () => {
    const { violations, limits, passesNextAt } = judged(hours())
    expect(violations).toEqual([])
    expect(limits.until).toEqual(at('2026-11-23T17:00:00Z'))
    expect(passesNextAt).toBeNull()
  })

  test('a request outside every window is refused with the next moment at which it would pass', () => {
    const friday = at('2026-11-27T17:00:00Z')
    const { violations, passesNextAt } = judged(hours(), someFacts(), friday)
    expect(violations).toMatchObject(
      [{ pointer: '/startsAt', sentence: /Next opening: Mon 2026-11-30 09:00 \(Europe\/Berlin\)/ }].map(
        (violation) => ({
          ...violation,
          sentence: expect.stringMatching(violation.sentence),
        }),
      ),
    )
    expect(passesNextAt).toEqual(at('2026-11-30T08:00:00Z'))
    expect(judged(hours(), someFacts(), passesNextAt ?? friday).violations).toEqual([])
  })

  test('windows apply to the requested start', () => {
    const facts = someFacts({ submission: { startsAt: at('2026-11-28T12:00:00Z') } })
    expect(judged(hours(), facts).passesNextAt).toEqual(at('2026-11-30T08:00:00Z'))
    const past = someFacts({ submission: { startsAt: at('2026-11-22T12:00:00Z') } })
    expect(judged(hours(), past).violations).toEqual([])
  })

  test('access that would outlive its window is refused on submission, and cut off afterwards', () => {
    const late = at('2026-11-23T16:45:30Z')
    const { violations, limits, passesNextAt } = judged(hours(), someFacts(), late)
    expect(violations[0]?.sentence).toMatch(/closes Mon 2026-11-23 18:00.*PT14M or less, or start later/)
    expect(passesNextAt).toEqual(at('2026-11-24T08:00:00Z'))
    expect(limits.until).toEqual(at('2026-11-23T17:00:00Z'))
    const granting = judged(hours(), someFacts({ stage: 'granting' }), late)
    expect([granting.violations, granting.limits.until]).toEqual([[], at('2026-11-23T17:00:00Z')])
  })

  test('access may outlive its window if the guardrail allows it', () => {
    const { violations, limits } = judged(hours({ mayOutliveWindow: true }), someFacts(), at('2026-11-23T16:45:00Z'))
    expect([violations, limits.until]).toEqual([[], null])
  })

  test('a freeze closes every window, and the message names it', () => {
    const freezes = [{ name: 'Black Friday', from: '2026-11-23', to: '2026-11-27', zone: 'Europe/Berlin' }]
    const { violations, passesNextAt } = judged(hours({ freezes }))
    expect(violations[0]?.sentence).toMatch(/Freeze in effect: Black Friday. Next opening: Mon 2026-11-30/)
    expect(passesNextAt).toEqual(at('2026-11-30T08:00:00Z'))
  })

  test('no moment is promised if anything but time is in the way, now or at that moment', () => {
    const saturday = at('2026-11-28T12:00:00Z')
    const withDeny = compiled(hours(), {})
    expect(judge(withDeny, someFacts(), saturday).passesNextAt).toBeNull()
    const notMondays = compiled(hours(), { when: "now.getDayOfWeek('Europe/Berlin') == 1" })
    expect(judge(notMondays, someFacts(), saturday).passesNextAt).toBeNull()
    const never = someFacts({ submission: { durationSeconds: 10 * 3600 } })
    expect(judged(hours(), never, saturday).passesNextAt).toBeNull()
  })
})
