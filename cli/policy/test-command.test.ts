import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { aConfiguration } from '#testing/configuration'
import { run } from '../running.testing.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-policy-test-'))
  const guardrails = [
    { name: 'no-delete', description: 'No deleting.', when: "rules.exists(r, 'delete' in r.verbs)", effect: 'deny' },
  ]
  writeFileSync(at('postern.yaml'), stringify(aConfiguration({ guardrails })))
})
afterEach(() => rmSync(folder, { recursive: true }))

const at = (name: string) => join(folder, name)

async function policyTest(...args: string[]) {
  const ran = await run(['policy', 'test', '--policy', at('postern.yaml'), ...args])
  return { ...ran, out: ran.out.replaceAll(`${folder}/`, '') }
}

const deleting = '    rules: [{ apiGroups: [""], resources: [pods], verbs: [delete] }]\n'
const good = `- name: a developer deletes\n  given:\n${deleting}  expect: { violations: [no-delete] }\n`
const bad = `- name: a developer cleans up\n  given:\n${deleting}`

describe('the test cases of a policy', () => {
  test('a case passes if the verdict is as expected', async () => {
    writeFileSync(at('postern.test.yaml'), good)
    expect(await policyTest()).toMatchObject({ code: 0, out: '1 case in 1 file: 1 passed, 0 failed.\n' })
  })

  test('a failed case is shown with its line, the expectation, the result and the messages', async () => {
    writeFileSync(at('postern.test.yaml'), `${good}${bad}`)
    expect(await policyTest()).toMatchObject({
      code: 1,
      out: `failed: postern.test.yaml:5:3: a developer cleans up
    violations: expected none, got no-delete
    no-delete: No deleting.

2 cases in 1 file: 1 passed, 1 failed.
`,
    })
  })

  test('cases can be in several files next to the policy, or in the named files', async () => {
    writeFileSync(at('postern.test.yaml'), good)
    writeFileSync(at('postern-more.test.yaml'), good)
    writeFileSync(at('other.test.yaml'), bad)
    expect((await policyTest()).out).toContain('2 cases in 2 files: 2 passed')
    expect(await policyTest(at('other.test.yaml'))).toMatchObject({ code: 1 })
  })

  test('a policy without cases and a guardrail that no case matches are warnings', async () => {
    expect(await policyTest()).toMatchObject({
      code: 0,
      out: expect.stringContaining('warning: postern.yaml has no test cases: add some to postern.test.yaml'),
    })
    writeFileSync(at('postern.test.yaml'), '- name: nothing\n')
    expect((await policyTest()).out).toContain('warning: not matched by any test case: no-delete')
  })

  test('a file that cannot be read exits with 2', async () => {
    writeFileSync(at('postern.test.yaml'), '- name: a\n  given:\n    duration: soon\n')
    expect(await policyTest()).toMatchObject({
      code: 2,
      out: expect.stringContaining('error: postern.test.yaml:3:15: 0.given.duration'),
    })
    expect(await policyTest(at('gone.yaml'))).toMatchObject({
      code: 2,
      out: expect.stringContaining('gone.yaml:1:1: no such file'),
    })
  })

  test('the JUnit report is written to a file, and the text to the terminal', async () => {
    writeFileSync(at('postern.test.yaml'), `${good}${bad}`)
    const { code, out } = await policyTest('--format', 'junit', '--output', at('report.xml'))
    expect([code, out]).toEqual([1, expect.stringContaining('1 passed, 1 failed.')])
    const report = readFileSync(at('report.xml'), 'utf8')
    expect(report).toContain('<testsuites name="postern" tests="2" failures="1" errors="0" skipped="0">')
    expect(report).toContain('<failure message="violations: expected none, got no-delete">')
  })
})

test('an invalid policy exits with 2', async () => {
  writeFileSync(at('postern.yaml'), 'guardrails: 1\n')
  expect(await policyTest()).toMatchObject({ code: 2, out: '', err: expect.stringContaining('The policy is invalid') })
})
