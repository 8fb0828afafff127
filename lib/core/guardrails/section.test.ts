import { describe, expect, test } from 'vitest'
import { shippedExtensionRisks } from '#lib/core/rbac/risk/extension-matches'
import { extensionRiskSchema } from './extension-risk-schema.ts'
import { calendarsOf, compilePolicy, guardrailsSection, placedGuardrails } from './section.ts'

const own = { name: 'mine', description: 'Mine.', effect: 'deny', when: 'request.tikcet == ""' }

describe('the guardrails of postern.yaml', () => {
  test('without guardrails in postern.yaml, the defaults of the pack are enforced', () => {
    const section = guardrailsSection.parse({})
    expect(placedGuardrails(section).map(({ guardrail }) => guardrail.name)).toEqual([
      'only-namespaced',
      'no-escalation',
      'no-service-accounts',
      'protected-namespaces',
    ])
    expect(compilePolicy(section, new Map()).ok).toBe(true)
  })

  test('the risks of extensions that ship with Postern have the form of those in postern.yaml', () => {
    const strict = shippedExtensionRisks.filter((entry) => !extensionRiskSchema.safeParse(entry).success)
    expect(strict).toEqual([])
  })

  test('a problem has the path of the pack switch or of the guardrail that causes it', () => {
    const section = guardrailsSection.parse({
      guardrailPack: { 'exec-only-with-ticket': { pattern: '(?=x)' } },
      guardrails: [own, { ...own, name: 'no-escalation', when: 'true' }],
    })
    const result = compilePolicy(section, new Map())
    expect(result.ok ? [] : result.problems.map(({ path }) => path.join('.'))).toEqual([
      'guardrailPack.exec-only-with-ticket.require.ticket.pattern',
      'guardrails.0.when',
      'guardrails.1.name',
    ])
  })

  test('every calendar that a freeze names is listed, and its text is needed to compile', () => {
    const section = guardrailsSection.parse({
      guardrails: [
        {
          name: 'freeze',
          description: 'Frozen.',
          effect: 'limit',
          limit: { freezes: [{ calendar: '/etc/postern/freezes.ics', zone: 'UTC' }] },
        },
      ],
    })
    expect(calendarsOf(section)).toEqual(['/etc/postern/freezes.ics'])
    const text = 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261127\r\nEND:VEVENT\r\nEND:VCALENDAR'
    expect(compilePolicy(section, new Map([['/etc/postern/freezes.ics', text]])).ok).toBe(true)
    expect(compilePolicy(section, new Map()).ok).toBe(false)
  })
})
