import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { recordEvent } from '#lib/adapters/db/audit/audit'
import { db, transaction } from '#lib/adapters/db/client'
import { resolveFindings, saveFindings } from '#lib/adapters/db/clusters/findings'
import { savePosture } from '#lib/adapters/db/clusters/posture'
import type { FindingKind } from '#lib/core/access/finding'
import { supersededSeconds } from '#lib/core/grants/token-lifetime'
import { testDatabase } from '#testing/database'
import { anActor, aSystemActor } from '#testing/people'
import { testPolicy } from '#testing/policy'
import { aGrant, aRequest } from '#testing/requests'
import { metricsText } from './metrics.ts'

const database = await testDatabase()
const policy = await testPolicy()
process.env.POSTERN_METRICS_TOKEN = 'a-token-for-prometheus'
const { GET } = await import('../../app/metrics/route.ts')
afterAll(async () => {
  await policy.stop()
  await database.drop()
})

const textNow = () => metricsText({ clusters: ['prod-eu'], isRefused: false })
const dayAgo = new Date(Date.now() - 86_400_000)

test('the gauges count pending requests, live grants and overdue grants, and have no heartbeat without a worker', async () => {
  await aRequest()
  await aGrant()
  await aGrant({ status: 'active' })
  await aGrant({ status: 'active', activatedAt: dayAgo })
  await aGrant({ status: 'ended' })
  const text = await textNow()
  expect(text).toContain('postern_requests_pending 1\n')
  expect(text).toContain('postern_grants{status="pending"} 1\n')
  expect(text).toContain('postern_grants{status="active"} 2\n')
  expect(text).toContain('postern_grants{status="ending"} 0\n')
  expect(text).toContain('postern_grants_overdue 1\n')
  expect(text).toMatch(/^postern_ending_oldest_seconds 8[0-9]{4}\b/m)
  expect(text).toMatch(/^postern_queue_due [1-9]/m)
  expect(text).toContain('postern_database_up 1\n')
  expect(text).not.toMatch(/^postern_worker_silent_seconds/m)
})

test('extended access counts as overdue once its tokens should have been refused', async () => {
  const overdue = async () => Number(/^postern_grants_overdue (\d+)$/m.exec(await textNow())?.[1])
  const before = await overdue()
  const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1000)
  const superseded = { status: 'ending', endedBy: 'superseded' } as const
  await aGrant({ ...superseded, endingAt: secondsAgo(supersededSeconds) })
  expect(await overdue()).toBe(before)
  await aGrant({ ...superseded, endingAt: secondsAgo(supersededSeconds + 15) })
  expect(await overdue()).toBe(before + 1)
})

test('open posture findings are counted, the new and the accepted ones too, and those that are gone are not', async () => {
  const finding = (name: string, severity: 'high' | 'medium', suppressed: string | null = null) => ({
    ...{ key: name, digest: name, suppressed },
    finding: {
      ...{
        check: 'everything',
        severity,
        subjects: [],
        moreSubjects: 0,
        because: [],
        sentence: 's',
        path: [],
        fix: [],
      },
      ...{ binding: { kind: 'ClusterRoleBinding' as const, namespace: '', name }, role: { kind: 'ClusterRole', name } },
    },
  })
  const save = (basis: string, findings: ReturnType<typeof finding>[]) =>
    savePosture(aSystemActor(), 'prod-eu', { basis, findings, own: [], standing: { access: [], count: 0 } })
  const count = (text: string, name: string) =>
    [...text.matchAll(/^postern_posture_(\w+)\{cluster="prod-eu",severity="(\w+)"\} (\d+)$/gm)]
      .filter(([, metric]) => metric === name)
      .map(([, , severity, value]) => `${severity} ${value}`)
  const all = [finding('a', 'high'), finding('b', 'high'), finding('c', 'medium')]
  await save('first', all)
  const first = await textNow()
  expect(count(first, 'findings')).toEqual(['low 0', 'medium 1', 'high 2'])
  expect(count(first, 'new_findings')).toEqual(['low 0', 'medium 0', 'high 0'])
  await save('second', [...all.slice(1), finding('d', 'high'), finding('e', 'medium', 'a sandbox')])
  const second = await textNow()
  expect(count(second, 'findings')).toEqual(['low 0', 'medium 1', 'high 2'])
  expect(count(second, 'new_findings')).toEqual(['low 0', 'medium 0', 'high 1'])
  expect(count(second, 'set_aside_findings')).toEqual(['low 0', 'medium 1', 'high 0'])
})

test('open findings of configured clusters are counted by cluster and kind, and resolved ones are not', async () => {
  expect(await textNow()).toContain('postern_findings_open{cluster="prod-eu",kind="object-changed"} 0\n')
  const found = (cluster: string, kind: FindingKind, name: string) => {
    const object = { kind: 'Role', namespace: 'payments', name, uid: null } as const
    return { kind, cluster, grantId: null, object, sentence: 'It was changed.', about: { cluster } }
  }
  const over = found('prod-eu', 'object-stray', 'over')
  await transaction((tx) =>
    saveFindings(tx, aSystemActor(), [
      found('prod-eu', 'object-changed', 'one'),
      found('prod-eu', 'object-changed', 'two'),
      found('prod-eu', 'object-missing', 'one'),
      found('gone', 'object-changed', 'one'),
      over,
    ]),
  )
  await transaction((tx) => resolveFindings(tx, [over], 'removed'))
  const lines = (await textNow()).split('\n').filter((line) => line.startsWith('postern_findings_open{'))
  expect(lines.map((line) => line.replace('postern_findings_open{cluster="prod-eu",kind=', '')).sort()).toEqual([
    '"object-changed"} 2',
    '"object-foreign"} 0',
    '"object-missing"} 1',
    '"object-replaced"} 0',
    '"object-stray"} 0',
  ])
})

test('an event is counted when its transaction commits, and not when it is rolled back', async () => {
  expect(await textNow()).toContain('postern_events_total{type="session.ended"} 0\n')
  const actor = await anActor()
  const record = (fails: boolean) =>
    transaction(async (tx) => {
      await recordEvent(tx, { type: 'session.ended', actor, data: {}, about: { personId: actor.person.id } })
      if (fails) throw new Error('rolled back')
    })
  await record(false)
  await expect(record(true)).rejects.toThrow('rolled back')
  await record(false)
  expect(await textNow()).toContain('postern_events_total{type="session.ended"} 2\n')
  expect(await db().auditEvent.count({ where: { type: 'session.ended' } })).toBe(2)
})

test('every metric of the dashboard and of the alerts exists, with the labels that they name', async () => {
  const text = await textNow()
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => [name, type]))
  // Without a value they are absent, as before the first heartbeat, the first sweep and the first anchor.
  const later = ['postern_worker_silent_seconds']
  for (const file of ['dashboard.json', 'alerts.yaml']) {
    const named = readFileSync(join(import.meta.dirname, '../../deploy', file), 'utf8').matchAll(
      /\b(postern_[a-z_]+|process_[a-z_]+|nodejs_[a-z0-9_]+)/g,
    )
    const names = [...new Set([...named].map(([name]) => name))].filter((name) => !later.includes(name))
    const unknown = names.filter((name) => !types.has(name) && types.get(name.replace(/_bucket$/, '')) !== 'histogram')
    expect(unknown, file).toEqual([])
    expect(names.length, file).toBeGreaterThan(10)
  }
})

test('only the token of the environment reads the metrics', async () => {
  const scrape = (authorization?: string) =>
    GET(new Request('http://localhost:3000/metrics', authorization ? { headers: { authorization } } : {}))
  const response = await scrape('Bearer a-token-for-prometheus')
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(await response.text()).toContain('# TYPE postern_grants gauge\n')
  for (const wrong of [undefined, 'Bearer ', 'Bearer a-token-for-prometheu', 'Basic a-token-for-prometheus']) {
    const refused = await scrape(wrong)
    expect([refused.status, await refused.text()], wrong).toEqual([401, ''])
  }
})
