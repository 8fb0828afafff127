import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { auditPolicy } from '#lib/core/activity/audit-policy'
import { run } from '../running.testing.ts'

test('the API server of the tests and of the demo runs with the policy that the command writes', async () => {
  const { code, out, err } = await run(['cluster', 'audit-policy'])
  expect([code, err]).toEqual([0, ''])
  await expect(out).toMatchFileSnapshot('../../local/kubernetes/audit-policy.yaml')
  expect(parse(out)).toEqual(auditPolicy)
})
