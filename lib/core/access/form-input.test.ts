import { expect, test } from 'vitest'
import { decisionInput, fieldIn, revocationInput, submissionInput } from './form-input.ts'
import { decisionSchema, revocationSchema, submissionSchema } from './request.ts'

/** A form with these fields, in this order. React adds fields of its own to each form. */
function aForm(...fields: [string, string][]): FormData {
  const form = new FormData()
  form.append('$ACTION_REF_1', '')
  for (const [name, value] of fields) form.append(name, value)
  return form
}

const submission: [string, string][] = [
  ['entitlement', 'payments-restart'],
  ['cluster', 'prod-eu'],
  ['namespaces', 'payments'],
  ['reason', 'the checkout pods hang'],
  ['ticket', ''],
  ['duration', 'PT30M'],
  ['startsAt', ''],
]

test('a submission leaves out the empty fields of the form', () => {
  const { body } = submissionInput(aForm(...submission))
  expect(Object.keys(body)).toEqual(['entitlement', 'cluster', 'namespaces', 'reason', 'duration'])
  expect(submissionSchema.safeParse(body).success).toBe(true)
})

test('namespaces may be checkboxes or one typed list', () => {
  const checked = aForm(['namespaces', 'payments'], ['namespaces', 'checkout'])
  const typed = aForm(['namespaces', ' payments, checkout  payments '])
  for (const form of [checked, typed])
    expect(submissionInput(form).body).toMatchObject({ namespaces: ['payments', 'checkout'] })
})

test('without scripts the last duration counts, and the start time is in UTC', () => {
  const form = aForm(...submission, ['duration', 'PT1H'], ['startsAtUtc', '2026-11-24T07:00'])
  expect(submissionInput(form).body).toMatchObject({ duration: 'PT1H', startsAt: '2026-11-24T07:00:00Z' })
})

test('chosen rules keep the core group and drop rules without verbs or resources', () => {
  const form = aForm(
    ['rules.0.apiGroups', ''],
    ['rules.0.resources', 'pods'],
    ['rules.0.verbs', 'get'],
    ['rules.0.verbs', 'list'],
    ['rules.0.typedNames', 'cart-0, cart-1'],
    ['rules.1.apiGroups', 'apps'],
    ['rules.1.resources', 'deployments'],
  )
  expect(submissionInput(form).body).toMatchObject({
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'], resourceNames: ['cart-0', 'cart-1'] }],
  })
})

test('a form without rules sends none, and an editor without choices sends an empty list', () => {
  expect(submissionInput(aForm(...submission)).body).not.toHaveProperty('rules')
  expect(submissionInput(aForm(['rules.0.apiGroups', 'apps'])).body).toMatchObject({ rules: [] })
})

const decision: [string, string][] = [
  ['requestId', 'req_1'],
  ['digest', `sha256:${'0'.repeat(64)}`],
  ['note', ' '],
  ['duration', 'PT10M'],
  ['narrowsNamespaces', ''],
  ['namespaces', 'payments'],
]

test('an approval sends the terms that the form can narrow', () => {
  const { requestId, body } = decisionInput(aForm(...decision, ['decision', 'approve']))
  expect(requestId).toBe('req_1')
  const narrow = { namespaces: ['payments'], duration: 'PT10M' }
  expect(body).toEqual({ decision: 'approve', digest: `sha256:${'0'.repeat(64)}`, narrow })
  expect(decisionSchema.safeParse(body).success).toBe(true)
})

test('an approval without any namespace is refused instead of granting all of them', () => {
  const { body } = decisionInput(aForm(...decision.slice(0, -1), ['decision', 'approve']))
  expect(decisionSchema.safeParse(body).error?.issues[0]?.path).toEqual(['narrow', 'namespaces'])
})

test('a denial narrows nothing', () => {
  const { body } = decisionInput(aForm(...decision, ['decision', 'deny']))
  expect(body).not.toHaveProperty('narrow')
  expect(decisionSchema.safeParse(body).success).toBe(true)
})

test('the answer to a failed form can show again what was typed', () => {
  const { kept } = submissionInput(aForm(...submission))
  expect(kept).toEqual({
    ...{ cluster: 'prod-eu', namespaces: ['payments'], durationSeconds: 1800 },
    ...{ reason: 'the checkout pods hang', ticket: '' },
  })
  expect(decisionInput(aForm(...decision)).kept).toMatchObject({
    note: ' ',
    namespaces: ['payments'],
    durationSeconds: 600,
  })
  expect(revocationInput(aForm(['grantId', 'grt_1'], ['reason', 'over']))).toMatchObject({
    ...{ grantId: 'grt_1', kept: { reason: 'over' } },
  })
})

test('an action called with anything but a form reads no fields', () => {
  for (const argument of [undefined, null, 'x', {}, [1], { get: () => 'x' }]) {
    expect(fieldIn(argument, 'requestId')).toBe('')
    expect(submissionSchema.safeParse(submissionInput(argument).body).success).toBe(false)
    expect(decisionSchema.safeParse(decisionInput(argument).body).success).toBe(false)
    expect(revocationSchema.safeParse(revocationInput(argument).body).success).toBe(false)
  }
})
