import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { entitlementSchema } from '#lib/core/access/entitlement'
import { releaseGrant } from '#lib/operations/release-grant'
import type { Act } from '#testing/acting-process'
import { eventTypesWhere } from '#testing/events'
import { anApprovedRequest, grantReaches, objectsInCluster } from '#testing/grants'
import { asActor } from '#testing/people'
import { aGrant } from '#testing/requests'
import { openStage } from './stage.ts'
import { tally } from './tally.ts'

// `kill -9` of a process whose own worker issues a credential to one of its callers, at each of its steps.

const namespace = 'issued-here'
const stage = await openStage({ name: 'issued-here', namespaces: [namespace] })
afterAll(stage.end)

const isForToken = ({ path }: { path: string }) => path.endsWith('/token')
/** What the cluster issued. */
const tokens: string[] = []

type Step = { what: string; recorded: string[]; stopAt: (reached: () => void, never: Promise<void>) => void }
const steps: Step[] = [
  {
    what: 'before the cluster has been asked for a token',
    recorded: ['credential.requested'],
    stopAt: (reached, never) =>
      stage.proxy('prod-eu').intercept(async (call, forward) => {
        if (!isForToken(call)) return forward()
        reached()
        await never
        return 'reset'
      }),
  },
  {
    what: 'once the cluster has issued a token',
    recorded: ['credential.requested'],
    stopAt: (reached, never) =>
      stage.proxy('prod-eu').intercept(async (call, forward) => {
        const answer = await forward()
        if (!isForToken(call)) return answer
        tokens.push(JSON.parse(`${answer.body}`).status.token)
        reached()
        await never
        return 'reset'
      }),
  },
  {
    what: 'once the token is recorded',
    recorded: ['credential.requested', 'credential.issued'],
    stopAt: (reached) =>
      stage.postgres.intercept(({ sql }) =>
        sql.includes('INSERT INTO credentials ') ? { how: 'stop', when: 'after', reached } : 'pass',
      ),
  },
]

test.each(steps)(
  'a process that is killed $what leaves no token behind, and its grant ends as usual',
  async ({ recorded, stopAt }) => {
    const offered = stage.document.entitlements.find(({ name }) => name === 'chaos')
    const entitlement = entitlementSchema.parse(offered)
    const { holder, request } = await anApprovedRequest({ entitlement, rules: stage.rules, namespaces: [namespace] })
    const { id } = await aGrant({ request })
    const first = await stage.startWorker()
    await grantReaches(id, 'active')
    await first.stop()
    const reached = Promise.withResolvers<void>()
    const never = Promise.withResolvers<void>()
    stopAt(reached.resolve, never.promise)
    const act: Act = { actor: asActor(holder), issueCredential: id }
    const killed = await stage.startWorker({
      program: 'acting-process.ts',
      env: { POSTERN_TEST_ACT: JSON.stringify(act) },
    })
    await reached.promise
    await killed.stop()
    stage.proxy('prod-eu').intercept(undefined)
    stage.postgres.intercept(undefined)
    stage.postgres.release()
    never.resolve()

    const credentialEvents = (await eventTypesWhere({ grantId: id })).filter((type) => type.startsWith('credential.'))
    expect(credentialEvents).toEqual(recorded)
    expect(await db().credential.count({ where: { grantId: id } })).toBe(recorded.length - 1)
    const log = readFileSync(killed.logFile, 'utf8')
    for (const token of tokens) expect(log).not.toContain(token.split('.')[1])
    await releaseGrant(asActor(holder), id)
    const next = await stage.startWorker()
    await grantReaches(id, 'ended')
    await next.stop()
    expect(await objectsInCluster(id)).toEqual([])
    const { leaked, stuck, wrong } = await tally(stage.database, stage.publicUrl)
    expect({ leaked, stuck, wrong }).toEqual({ leaked: [], stuck: [], wrong: [] })
  },
  300_000,
)
