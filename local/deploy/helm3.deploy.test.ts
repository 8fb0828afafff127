// Helm 3 renders the chart like Helm 4, which the other tests use.
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { ensureHelm, ensureHelm3 } from '#local/programs/programs'
import { chart, everySetting, exampleValues, renderChart, runHelm } from './helm.ts'

// Building a Helm takes minutes, once.
const halfAnHour = 30 * 60_000

/** A Helm 3 of `go build` takes every cluster for Kubernetes 1.20. */
const onCluster = ['--kube-version', '1.37.0']

const objectsOf = (helm: string, settings: readonly string[]) =>
  parseAllDocuments(renderChart(helm, ...onCluster, ...settings)).map((document) => document.toJS())

test('Helm 3 finds nothing to improve in the chart, and renders what Helm 4 renders', {
  timeout: halfAnHour,
}, async () => {
  const [three, four] = [await ensureHelm3(console.log), await ensureHelm(console.log)]
  expect(runHelm(three, ['version', '--short'])).toMatch(/^v3\./)
  expect(runHelm(four, ['version', '--short'])).toMatch(/^v4\./)
  const args = ['lint', chart, '--strict', '--namespace', 'postern-system', '--values', exampleValues]
  expect(runHelm(three, args)).toContain('1 chart(s) linted, 0 chart(s) failed')
  for (const settings of [[], everySetting]) expect(objectsOf(three, settings)).toEqual(objectsOf(four, settings))
})

test('Helm 3 refuses a wrong setting by the schema of the chart', { timeout: halfAnHour }, async () => {
  const three = await ensureHelm3(console.log)
  expect(() => renderChart(three, ...onCluster, '--set', 'web.replicas=0')).toThrow(/web.replicas/)
  expect(() => renderChart(three, ...onCluster, '--set', 'replicas=3')).toThrow(/replicas.* not allowed/)
})
