import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { metricsText } from '#lib/api/metrics'
import { objectName } from '#lib/core/grants/names'
import { issueCredential } from '#lib/operations/issue-credential'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { testParts } from '#testing/database'
import { anApprovedRequest, grantReaches } from '#testing/grants'
import { asActor } from '#testing/people'
import { aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { testWorker } from '#testing/worker'

// What an operator sees of Postern from outside: the API server's own audit log, and the metrics.

const stage = await testWorker()
beforeAll(stage.start)
afterAll(stage.end)

type ApiServerEvent = { verb: string; userAgent?: string; objectRef?: { name?: string; resource?: string } }

/** What the API server wrote down about objects of this name, by whoever it was. */
const writtenAbout = (name: string): ApiServerEvent[] =>
  readFileSync(testParts().kubernetes.auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes(name))
    .map((line) => JSON.parse(line) as ApiServerEvent)

/** `create roles`, as Postern made it, with the reference that it named. */
const inWords = ({ verb, userAgent, objectRef }: ApiServerEvent) => ({
  call: `${verb} ${objectRef?.resource}`,
  reference: userAgent?.match(/^postern \(reference ([0-9a-z]{8,12})\)$/)?.[1],
})

const textNow = () => metricsText({ clusters: ['prod-eu', 'away'], isRefused: false })

test('the API server’s own audit log names, for every call that made or ended access, the reference of Postern’s record', async () => {
  const { holder, lead, request } = await anApprovedRequest()
  const grant = await aGrant({ request })
  await grantReaches(grant.id, 'active')
  await issueCredential(asActor(holder), grant.id)
  await revokeGrant(asActor(lead), grant.id, { reason: 'enough' })
  await grantReaches(grant.id, 'ended')

  const name = objectName(grant.id)
  const calls = () => writtenAbout(name).map(inWords)
  // The log is written a moment after the answer.
  await until('the deletion is in the API server’s log', () => calls().some(({ call }) => call === 'delete roles'))
  expect(calls().map(({ call }) => call)).toEqual(
    expect.arrayContaining([
      ...['create roles', 'create rolebindings', 'create serviceaccounts'],
      ...['delete rolebindings', 'delete roles'],
    ]),
  )
  const events = await db().auditEvent.findMany({ where: { grantId: grant.id } })
  const referenceOf = (type: string) => events.find((event) => event.type === type)?.reference
  expect(new Set(calls().map(({ reference }) => reference))).toEqual(
    new Set(['grant.active', 'credential.issued', 'grant.ended'].map(referenceOf)),
  )
  expect(referenceOf('credential.issued')).toMatch(/^[0-9a-z]{8,12}$/)

  const text = await textNow()
  expect(text).toContain('postern_grant_active_seconds_count 1\n')
  expect(text).toContain('postern_grant_ended_seconds_count{ended_by="revocation"} 1\n')
  expect(text).toContain('postern_events_total{type="grant.active"} 1\n')
  expect(text).toContain('postern_events_total{type="credential.issued"} 1\n')
  expect(text).toMatch(/^postern_cluster_call_seconds_count\{verb="delete",outcome="ok"\} [1-9]/m)
  expect(text).toMatch(/^postern_cluster_calls_total\{cluster="prod-eu",outcome="ok"\} [1-9]/m)
})

test('every series that an alert is about is among the metrics of a running Postern', async () => {
  const rules = readFileSync('deploy/alerts.yaml', 'utf8')
  const expressions = [...rules.matchAll(/expr: ([\s\S]+?)\n {8}(?:for|labels):/g)].map(
    ([, expression = '']) => expression,
  )
  const names = new Set(expressions.flatMap((expression) => expression.match(/postern_[a-z_]+/g) ?? []))
  expect(names.size).toBeGreaterThan(15)
  // A cluster that was swept and one that was looked at are told from the first sweep on.
  await until('prod-eu was swept', async () => (await textNow()).includes('postern_cluster_sweep_age_seconds{'))
  const text = await textNow()
  for (const name of names) expect(text).toContain(`# TYPE ${name.replace(/_bucket$/, '')} `)
  for (const [selector] of rules.matchAll(/postern_events_total\{type="[^"]+"\}/g))
    expect(text).toContain(`${selector} `)
})

test('a cluster that is away, and how long ago one was swept, are told for each configured cluster and no other', async () => {
  const swept = /^postern_cluster_sweep_age_seconds\{cluster="prod-eu"\} \d/m
  await until('prod-eu was swept', async () => swept.test(await textNow()))
  const text = await textNow()
  expect(text).toContain('postern_cluster_reachable{cluster="prod-eu"} 1\n')
  expect(text).toContain('postern_cluster_reachable{cluster="away"} 0\n')
  expect(text).not.toContain('postern_cluster_sweep_age_seconds{cluster="away"}')
  expect(text).toMatch(/^postern_worker_silent_seconds [0-9]\b/m)
  const onlyOne = await metricsText({ clusters: ['prod-eu'], isRefused: false })
  expect(onlyOne).not.toContain('cluster="away",}')
  expect(onlyOne).not.toMatch(/_(reachable|age_seconds)\{cluster="away"\}/)
})
