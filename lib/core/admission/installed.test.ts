import { expect, test } from 'vitest'
import { compileGuardrails } from '#lib/core/guardrails/configured/compile'
import { guardrailSchema } from '#lib/core/guardrails/configured/schema'
import { anEntitlement } from '#testing/configuration'
import { admissionStateOf, type InstalledObject } from './installed.ts'
import { renderAdmission } from './render.ts'
import { admissionSection } from './section.ts'

function render(when = "'*' in rules[0].verbs") {
  const compiled = compileGuardrails([
    guardrailSchema.parse({ name: 'calm', description: 'Calm is kept.', effect: 'deny', when }),
  ])
  if (!compiled.ok) throw new Error('the guardrail is invalid')
  return renderAdmission({
    cluster: { name: 'prod-eu', labels: {} },
    ...{ entitlements: [anEntitlement()], compiled: compiled.compiled, admission: admissionSection.parse({}) },
  })
}
const installed = (objects = render()): InstalledObject[] => structuredClone(objects)
const driftsOf = (objects: InstalledObject[]) => {
  const { status, differences } = admissionStateOf(render(), objects)
  return [status, ...differences.map(({ name, drift }) => `${name} ${drift}`)]
}

test('policies that are installed as rendered do not differ', () => {
  expect(driftsOf(installed())).toEqual(['installed'])
})

test('a cluster without any policy lacks them all', () => {
  const [status, ...differences] = driftsOf([])
  expect([status, differences.length]).toEqual(['missing', render().length])
})

test('policies of an earlier configuration are older, and not changed by hand', () => {
  expect(driftsOf(installed(render('rules.size() > 3')))).toEqual([
    'older',
    'postern-grant-guardrails older',
    'postern-guardrail-calm older',
  ])
})

test('a binding that only audits, a weaker expression and a deleted policy are changes by hand', () => {
  const objects = installed()
  const binding = objects.find(({ kind, metadata }) => kind.endsWith('Binding') && metadata.name === 'postern-worker')
  Object.assign(binding?.spec ?? {}, { validationActions: ['Audit'] })
  expect(driftsOf(objects)).toEqual(['changed', 'postern-worker changed'])
  expect(driftsOf(installed().slice(1))).toEqual(['changed', 'postern-worker missing'])
})

test('a policy that is no longer rendered is named', () => {
  const extra: InstalledObject = { ...(installed()[0] as InstalledObject), metadata: { name: 'postern-guardrail-old' } }
  expect(driftsOf([...installed(), extra])).toEqual(['older', 'postern-guardrail-old extra'])
})
