import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { metricsText } from '#lib/api/metrics'
import { issueCredential } from '#lib/operations/issue-credential'
import { revokeGrant } from '#lib/operations/revoke-grant'
import { testParts } from '#testing/database'
import { eventsWhere } from '#testing/events'
import { anActiveGrant, grantReaches } from '#testing/grants'
import { asActor } from '#testing/people'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'

// What an operator sees of Postern from outside: the API server's audit log and the metrics.

await workerBench()

type ApiServerEvent = { verb: string; userAgent?: string; objectRef?: { name?: string; resource?: string } }

/** The lines of the API server's audit log about objects of this name. */
const loggedAbout = (name: string): ApiServerEvent[] =>
  readFileSync(testParts().kubernetes.auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes(name))
    .map((line) => JSON.parse(line) as ApiServerEvent)

/** The call, `create roles`, and the reference that Postern sent with it. */
const inWords = ({ verb, userAgent, objectRef }: ApiServerEvent) => ({
  call: `${verb} ${objectRef?.resource}`,
  reference: userAgent?.match(/^postern \(reference ([0-9a-z]{8,12})\)$/)?.[1],
})

const textNow = () => metricsText({ clusters: ['prod-eu', 'away'], isRefused: false })

test('every call that creates or ends access carries, in the API server’s audit log, the reference of Postern’s event', async () => {
  const { id, name, holder, lead } = await anActiveGrant()
  await issueCredential(asActor(holder), id)
  await revokeGrant(asActor(lead), id, { reason: 'enough' })
  await grantReaches(id, 'ended')

  const calls = () => loggedAbout(name).map(inWords)
  // The API server writes its log a moment after its response.
  await until('the deletion is in the API server’s log', () => calls().some(({ call }) => call === 'delete roles'))
  expect(calls().map(({ call }) => call)).toEqual(
    expect.arrayContaining([
      ...['create roles', 'create rolebindings', 'create serviceaccounts'],
      ...['delete rolebindings', 'delete roles'],
    ]),
  )
  const events = await eventsWhere({ grantId: id })
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

test('every metric that an alert names is exported by a running Postern', async () => {
  const rules = readFileSync('deploy/alerts.yaml', 'utf8')
  const expressions = [...rules.matchAll(/expr: ([\s\S]+?)\n {8}(?:for|labels):/g)].map(
    ([, expression = '']) => expression,
  )
  const names = new Set(expressions.flatMap((expression) => expression.match(/postern_[a-z_]+/g) ?? []))
  expect(names.size).toBeGreaterThan(15)
  // Some metrics exist from the first sweep on.
  await until('prod-eu was swept', async () => (await textNow()).includes('postern_cluster_sweep_age_seconds{'))
  const text = await textNow()
  for (const name of names) expect(text).toContain(`# TYPE ${name.replace(/_bucket$/, '')} `)
  for (const [selector] of rules.matchAll(/postern_events_total\{type="[^"]+"\}/g))
    expect(text).toContain(`${selector} `)
})

test('reachability and the age of the last sweep are exported for the configured clusters only', async () => {
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
