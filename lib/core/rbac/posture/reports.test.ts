import sarifSchema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' }
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { anyText } from '#testing/any-text'
import { policyReportsOf, type ReportedFinding, sarifOf } from './reports.ts'

const at = '2026-11-20T09:00:00.000Z'
const aFinding = (over: Partial<ReportedFinding> = {}): ReportedFinding => ({
  ...{ key: 'everything ClusterRoleBinding /helper', id: 'fnd_1', digest: 'sha256:0', check: 'everything' },
  ...{ severity: 'high', subjects: ['User eve'], moreSubjects: 0, because: ['* *'], sentence: 'Can do anything.' },
  ...{ binding: { kind: 'ClusterRoleBinding', namespace: '', name: 'helper' }, path: [], fix: ['kubectl get x'] },
  ...{ role: { kind: 'ClusterRole', name: 'cluster-admin' }, since: at, changedAt: at, isNew: false },
  ...{ acceptance: null, suppressed: null, resolvedAt: null },
  ...over,
})
const inPayments = { kind: 'RoleBinding' as const, namespace: 'payments', name: 'team' }
const acceptance = { reason: 'the installer needs it', owner: 'platform', until: at, by: 'Ola', at }
const posture = (findings: ReportedFinding[]) => ({
  ...{ cluster: 'prod-eu', readAt: at, unknown: null, leftOutCount: 0, findings },
})

/** The published schema is draft 04. Ajv accepts it without the keys in which draft 04 differs. */
const { $schema: _schema, id: _id, ...schema } = sarifSchema as Record<string, unknown>
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false })
addFormats.default(ajv)
const validate = ajv.compile(schema)
const sarifProblems = (text: string) => (validate(JSON.parse(text)) ? [] : validate.errors)

/** The CustomResourceDefinitions of wgpolicyk8s.io/v1alpha2, as far as they are constraints, and no further field. */
const text = z.string().min(1)
const policyReport = z
  .strictObject({
    apiVersion: z.literal('wgpolicyk8s.io/v1alpha2'),
    kind: z.enum(['PolicyReport', 'ClusterPolicyReport']),
    metadata: z.strictObject({ name: z.string().regex(/^[a-z0-9-]+$/), namespace: text.optional() }),
    summary: z.strictObject({ pass: z.int(), fail: z.int(), warn: z.int(), error: z.int(), skip: z.int() }),
    results: z.array(
      z.strictObject({
        ...{ policy: text, source: text, category: text, message: text, scored: z.boolean() },
        result: z.enum(['pass', 'fail', 'warn', 'error', 'skip']),
        severity: z.enum(['high', 'low', 'medium']),
        timestamp: z.strictObject({ seconds: z.int(), nanos: z.int() }),
        resources: z.array(z.strictObject({ apiVersion: text, kind: text, namespace: text.optional(), name: text })),
        properties: z.record(z.string(), z.string()),
      }),
    ),
  })
  .refine(({ kind, metadata }) => (kind === 'PolicyReport') === (metadata.namespace !== undefined))
const reports = (yaml: string) => parseAllDocuments(yaml).map((document) => policyReport.parse(document.toJS()))

describe('the findings as SARIF', () => {
  test('name the binding, the chain and the fix, and say why a finding is set aside', () => {
    const findings = [
      aFinding(),
      aFinding({ key: 'b', binding: inPayments, acceptance }),
      aFinding({ check: 'broad-subject', severity: 'medium', suppressed: 'a sandbox' }),
    ]
    const sarif = sarifOf(posture(findings))
    expect(sarifProblems(sarif)).toEqual([])
    const [run] = JSON.parse(sarif).runs
    expect(run.tool.driver.rules.map(({ id }: { id: string }) => id)).toEqual(['everything', 'broad-subject'])
    expect(run.results).toMatchObject([
      {
        ...{ ruleIndex: 0, level: 'error', suppressions: [], properties: { fix: ['kubectl get x'] } },
        message: {
          text: 'Can do anything. User eve → ClusterRoleBinding helper → ClusterRole cluster-admin → * *',
        },
        locations: [{ logicalLocations: [{ fullyQualifiedName: 'ClusterRoleBinding helper' }] }],
      },
      {
        partialFingerprints: { 'postern/posture/v1': 'b' },
        suppressions: [{ justification: expect.stringContaining('the installer needs it') }],
      },
      { ruleIndex: 1, level: 'warning', suppressions: [{ justification: expect.stringContaining('a sandbox') }] },
    ])
  })

  test('do not seem complete if the cluster could not be read or findings are left out', () => {
    const whole = posture([aFinding()])
    for (const over of [{ readAt: null }, { unknown: 'Postern may not read it.' }, { leftOutCount: 1 }]) {
      const sarif = sarifOf({ ...whole, ...over })
      expect(sarifProblems(sarif)).toEqual([])
      expect(JSON.parse(sarif).runs[0].invocations[0].executionSuccessful, JSON.stringify(over)).toBe(false)
    }
    expect(JSON.parse(sarifOf(whole)).runs[0].invocations[0].executionSuccessful).toBe(true)
  })
})

describe('the findings as PolicyReport', () => {
  test('are one object for each namespace and one for the cluster, and only what is not set aside fails', () => {
    const findings = [aFinding(), aFinding({ binding: inPayments }), aFinding({ binding: inPayments, acceptance })]
    expect(reports(policyReportsOf(posture(findings)))).toMatchObject([
      { kind: 'ClusterPolicyReport', summary: { fail: 1, skip: 0 }, results: [{ result: 'fail', scored: true }] },
      {
        ...{ kind: 'PolicyReport', metadata: { namespace: 'payments' }, summary: { fail: 1, skip: 1 } },
        results: [{ resources: [{ kind: 'RoleBinding', name: 'team' }] }, { result: 'skip', scored: false }],
      },
    ])
    expect(reports(policyReportsOf(posture([])))).toMatchObject([{ kind: 'ClusterPolicyReport', results: [] }])
  })

  test('name a namespace as an object of the cluster', () => {
    const namespace = aFinding({
      ...{ binding: { kind: 'Namespace', namespace: '', name: 'payments' }, role: { kind: '', name: '' } },
      ...{ subjects: [], because: ['no label'] },
    })
    expect(reports(policyReportsOf(posture([namespace])))).toMatchObject([
      { kind: 'ClusterPolicyReport', results: [{ resources: [{ apiVersion: 'v1', kind: 'Namespace' }] }] },
    ])
    const [{ message }] = JSON.parse(sarifOf(posture([namespace]))).runs[0].results
    expect(message.text).toBe('Can do anything. Namespace payments → no label')
  })

  test('are split before an object is too large for etcd', () => {
    const many = reports(policyReportsOf(posture(Array.from({ length: 501 }, () => aFinding()))))
    expect(many.map(({ metadata, results }) => [metadata.name, results.length])).toEqual([
      ['postern-posture', 500],
      ['postern-posture-2', 1],
    ])
  })
})

test('names of a hostile cluster change neither the structure of a file nor the order of its text', () => {
  const name = anyText(40).map((text) => `${text}\u202e`)
  fc.assert(
    fc.property(name, name, name, name, (binding, subject, namespace, reason) => {
      const hostile = aFinding({
        ...{ binding: { kind: 'RoleBinding', namespace, name: `${binding}\n---\n` }, subjects: [subject] },
        ...{ because: [subject], sentence: `${reason}\n# x`, acceptance: { ...acceptance, reason } },
      })
      const sarif = sarifOf(posture([hostile]))
      expect(sarifProblems(sarif)).toEqual([])
      const yaml = policyReportsOf({ ...posture([hostile]), unknown: reason })
      const [, report, ...more] = reports(yaml)
      expect(report?.results).toHaveLength(1)
      expect(more).toEqual([])
      for (const file of [sarif, yaml]) expect(file).not.toContain('\u202e')
    }),
    { numRuns: 50 },
  )
})
