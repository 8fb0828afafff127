import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { objectName } from '#lib/core/grants/names'
import { grantReaches, grantRow } from '#testing/grants'
import { until } from '#testing/until'
import type { ApiAnswer, Interceptor } from './api-proxy.ts'
import { isLong, keep, seeded, shuffled } from './size.ts'
import { openStage } from './stage.ts'
import { tally } from './tally.ts'

// What an API server can do to its callers, while access should begin and while access should end.

const stage = await openStage({ name: 'outage' })
afterAll(stage.end)
const api = stage.proxy('prod-eu')
const all = async (ids: readonly string[], status: 'active' | 'ended', withinMs = 60_000) => {
  for (const id of ids) await grantReaches(id, status, withinMs)
}
/** As if their time were over; the worker is told as it is told of every change. */
async function expire(ids: readonly string[]) {
  await stage.database.asOwner(`UPDATE grants SET expires_at = now(), next_attempt_at = now() WHERE id = ANY($1)`, [
    ids,
  ])
  for (const id of ids) await db().$executeRaw`SELECT pg_notify('postern_grant', ${id})`
}

type Fault = { begin(): Promise<void> | void; end(): Promise<void> | void; isFinal?: boolean }

const answering = (interceptor: Interceptor): Fault => ({
  begin: () => api.intercept(interceptor),
  end: () => api.intercept(undefined),
})
const status = (code: number, message: string, headers: ApiAnswer['headers'] = {}): ApiAnswer => ({
  status: code,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code }),
})

const kubeconfig = readFileSync(api.kubeconfig, 'utf8')
const hanging = Promise.withResolvers<void>()

const faults: Record<string, Fault> = {
  'refuses connections': { begin: api.cut, end: api.mend },
  'answers 429 with Retry-After': answering(async () => status(429, 'slow down', { 'retry-after': '2' })),
  'answers 500': answering(async () => status(500, 'etcd leader changed')),
  'answers 503 with Retry-After': answering(async () => status(503, 'shutting down', { 'retry-after': '1' })),
  'breaks the connection in the middle of its answer': answering(async (_call, forward) => ({
    ...(await forward()),
    cutAfter: 20,
  })),
  'answers 403 after half of the objects': {
    // Roles pass on the way in, bindings on the way out; a refusal is final for what has not begun.
    ...answering(async ({ method, path }, forward) => {
      const isHalf =
        (method === 'POST' && path.endsWith('/rolebindings')) || (method === 'DELETE' && path.includes('/roles/'))
      return isHalf ? status(403, 'roles.rbac.authorization.k8s.io is forbidden') : forward()
    }),
    isFinal: true,
  },
  'does not accept Postern’s credential any more': {
    begin: () => writeFileSync(api.kubeconfig, kubeconfig.replace(/"token": ?"[^"]+"/, '"token":"expired"')),
    end: () => writeFileSync(api.kubeconfig, kubeconfig),
  },
  'shows the certificate of another authority': { begin: api.changeAuthority, end: api.restoreAuthority },
  hangs: {
    ...answering(async () => {
      await hanging.promise
      return 'reset'
    }),
    end: () => {
      api.intercept(undefined)
      hanging.resolve()
    },
  },
}
const quick = Object.keys(faults).filter((name) => name !== 'hangs')
const chosen = isLong ? Object.keys(faults) : shuffled(quick, seeded(1)).slice(0, 3)

describe('a cluster that', () => {
  it.each(chosen)(
    '%s: what should begin and what should end does so within ten seconds of the end of it',
    async (name) => {
      const fault = faults[name] as Fault
      const worker = await stage.startWorker({ ending: 'SIGTERM' })
      const toEnd = await stage.grants(3)
      await all(toEnd, 'active')
      await fault.begin()
      const toBegin = await stage.grants(3)
      await expire(toEnd)
      const felt = (ids: string[]) => async () => {
        const rows = await Promise.all(ids.map(grantRow))
        return rows.every(({ lastError }) => lastError !== null)
      }
      await until('what should end is held up, and says why', felt(toEnd), 60_000)
      await until('what should begin is held up, and says why', felt(toBegin), 60_000)
      for (const id of toEnd) expect((await grantRow(id)).status).toBe('ending')
      await fault.end()
      const began = performance.now()
      await all(toEnd, 'ended')
      const took = performance.now() - began
      await all(toBegin, fault.isFinal ? 'ended' : 'active')
      // NB: what is under way when the cluster begins to hang has its ten seconds first.
      const goal = name === 'hangs' ? 20_000 : 10_000
      if (isLong) expect(took).toBeLessThan(goal)
      await expire(fault.isFinal ? [] : toBegin)
      await all(toBegin, 'ended')
      await worker.stop()
      expect(await tally(stage.database, stage.publicUrl)).toMatchObject({ leaked: [], stuck: [], wrong: [] })
      keep({
        section: 'cluster',
        what: `${name}, over the moment of expiry: ended and verified after it is well again`,
        seen: `${(took / 1000).toFixed(1)} s`,
        goal: `≤ ${goal / 1000} s`,
        holds: took < goal,
      })
    },
    300_000,
  )

  it('asks to be left alone (Retry-After) is left alone for that long', async () => {
    const [id = ''] = await stage.grants(1)
    const times: number[] = []
    api.intercept(async ({ path, body }, forward) => {
      if (!path.includes(objectName(id)) && !body.includes(objectName(id))) return forward()
      times.push(performance.now())
      return times.length <= 3 ? status(429, 'slow down', { 'retry-after': '2' }) : forward()
    })
    const worker = await stage.startWorker({ ending: 'SIGTERM' })
    await all([id], 'active')
    api.intercept(undefined)
    await worker.stop()
    // The three creations of one attempt go out together; after their answers nothing comes for two seconds.
    const pause = (times[3] ?? 0) - (times[2] ?? 0)
    expect(pause).toBeGreaterThan(1_950)
    keep({
      section: 'cluster',
      what: 'Retry-After of 2 s: the next call of the same grant came after',
      seen: `${(pause / 1000).toFixed(1)} s`,
      goal: '≥ 2 s',
      holds: pause > 1_950,
    })
  }, 120_000)
})
