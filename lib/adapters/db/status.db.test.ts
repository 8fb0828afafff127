import { afterAll, describe, expect, test } from 'vitest'
import {
  type GrantStatus,
  grantMoves,
  grantStatuses,
  type RequestStatus,
  requestMoves,
  requestStatuses,
} from '#lib/core/access/status'
import { testDatabase } from '#testing/database'
import { aSystemActor } from '#testing/people'
import { aGrant, aRequest } from '#testing/requests'
import { db, transaction } from './client.ts'
import { sqlStateOf } from './errors.ts'
import { moveGrant, moveRequest } from './transition.ts'

const database = await testDatabase()
afterAll(database.drop)

const pairs = <S extends string>(statuses: readonly S[]) =>
  statuses.flatMap((from) => statuses.filter((to) => to !== from).map((to) => [from, to] as const))

/** Does the database accept this update? Failures other than of a check are errors of the test. */
async function isAccepted(sql: string, id: string): Promise<boolean> {
  try {
    const rows = await database.asOwner(`${sql} WHERE id = $1 RETURNING id`, [id])
    return rows.length === 1
  } catch (error) {
    if (sqlStateOf(error) === '23514') return false
    throw error
  }
}

/** The other columns that a status requires, so that only the check of the status itself can refuse the update. */
const requestColumns = (status: RequestStatus) => `resolved_at = ${status === 'pending' ? 'NULL' : 'now()'}`
const grantColumns: Record<GrantStatus, string> = {
  pending: 'ended_by = NULL, ending_at = NULL, ended_at = NULL, next_attempt_at = now()',
  active: `activated_at = coalesce(activated_at, now()), expires_at = coalesce(expires_at, now() + interval '1 minute'),
    ended_by = NULL, ending_at = NULL, ended_at = NULL, next_attempt_at = now()`,
  ending: `ended_by = 'expiry', ending_at = coalesce(ending_at, now()), ended_at = NULL, next_attempt_at = now()`,
  ended: `ended_by = 'expiry', ending_at = coalesce(ending_at, now()), ended_at = now(), next_attempt_at = NULL`,
}

describe('the trigger has the same transitions as lib/core/access/status.ts', () => {
  test.each(pairs(requestStatuses))(
    'the database allows a request to go from %s to %s exactly if the code does',
    async (from, to) => {
      const { id } = await aRequest({ status: from })
      const sql = `UPDATE requests SET status = '${to}', ${requestColumns(to)}`
      expect(await isAccepted(sql, id)).toBe(requestMoves[from].includes(to))
    },
  )

  test.each(pairs(grantStatuses))(
    'the database allows a grant to go from %s to %s exactly if the code does',
    async (from, to) => {
      const { id } = await aGrant({ status: from })
      const sql = `UPDATE grants SET status = '${to}', ${grantColumns[to]}`
      expect(await isAccepted(sql, id)).toBe(grantMoves[from].includes(to))
    },
  )

  test('the database has exactly the statuses of the code', async () => {
    const labelsOf = async (type: string) => {
      const rows = await database.asOwner<{ label: string }>(
        'SELECT enumlabel AS label FROM pg_enum WHERE enumtypid = $1::regtype ORDER BY enumsortorder',
        [type],
      )
      return rows.map(({ label }) => label)
    }
    expect(await labelsOf('request_status')).toEqual(requestStatuses)
    expect(await labelsOf('grant_status')).toEqual(grantStatuses)
  })

  test.each(['approved', 'denied', 'withdrawn', 'lapsed'])('a request cannot be created as %s', async (status) => {
    const { id } = await aRequest()
    const copy = `INSERT INTO requests SELECT (jsonb_populate_record(r, jsonb_build_object(
      'id', 'req_copy', 'status', $2::text, 'resolved_at', now()))).* FROM requests r WHERE id = $1`
    const error = await database.asOwner(copy, [id, status]).catch((reason: unknown) => reason)
    expect(sqlStateOf(error)).toBe('23514')
  })
})

describe('submitted and approved terms do not change', () => {
  test.each([
    ['a longer duration', 'duration_seconds = duration_seconds + 1'],
    ['another namespace', "namespaces = namespaces || '{kube-system}'"],
    ['another cluster', "cluster = 'elsewhere'"],
    ['another reason', "reason = 'x'"],
    ['another verdict', "verdict = '{}'"],
    ['fewer steps', "steps = '[]'"],
    ['other readers', "approver_groups = '{everybody}'"],
    ['more time to decide', "lapses_at = lapses_at + interval '1 day'"],
    ['other submitted terms', "submitted_terms = '{}'"],
  ])('a pending request cannot get %s', async (_, set) => {
    const { id } = await aRequest()
    expect(await isAccepted(`UPDATE requests SET ${set}`, id)).toBe(false)
  })

  test.each([
    ['a shorter duration', 'duration_seconds = duration_seconds - 1'],
    ['other rules', "rules = '[]'"],
    ['another digest', "digest = 'sha256:x'"],
    ['another start', 'starts_at = now()'],
    ['fewer namespaces', "namespaces = '{payments}'"],
  ])('a decided request cannot get %s', async (_, set) => {
    const { id } = await aRequest({ status: 'approved', namespaces: ['checkout', 'payments'] })
    expect(await isAccepted(`UPDATE requests SET ${set}`, id)).toBe(false)
  })

  test.each([
    ['a later end', "expires_at = expires_at + interval '1 second'"],
    ['no end', 'expires_at = NULL'],
    ['another activation time', "activated_at = activated_at + interval '1 second'"],
    ['a longer duration', 'duration_seconds = duration_seconds + 1'],
    ['another cluster', "cluster = 'elsewhere'"],
  ])('an active grant cannot get %s', async (_, set) => {
    const { id } = await aGrant({ status: 'active' })
    expect(await isAccepted(`UPDATE grants SET ${set}`, id)).toBe(false)
  })

  test('an active grant may end sooner', async () => {
    const { id } = await aGrant({ status: 'active' })
    expect(await isAccepted("UPDATE grants SET expires_at = expires_at - interval '1 second'", id)).toBe(true)
  })

  test('a grant cannot become active for longer than approved', async () => {
    const { id } = await aGrant()
    const set = `status = 'active', activated_at = now(), expires_at = now() + make_interval(secs => duration_seconds + 1)`
    expect(await isAccepted(`UPDATE grants SET ${set}`, id)).toBe(false)
  })

  test('a request has at most one grant, and an object in a cluster has one owner', async () => {
    const grant = await aGrant()
    const second = aGrant({ request: await db().request.findUniqueOrThrow({ where: { id: grant.requestId } }) })
    await expect(second).rejects.toMatchObject({ code: 'P2002' })
    const object = { cluster: 'prod-eu', kind: 'Role', namespace: 'payments', name: 'postern-x' }
    await db().grantObject.create({ data: { ...object, grantId: grant.id } })
    const other = await aGrant()
    await expect(db().grantObject.create({ data: { ...object, grantId: other.id } })).rejects.toMatchObject({
      code: 'P2002',
    })
  })
})

describe('moveRequest and moveGrant', () => {
  const actor = aSystemActor()
  const lapsed = { type: 'request.lapsed', actor, data: {} } as const
  const ending = { type: 'grant.ending', actor, data: { endedBy: 'expiry', note: null } } as const

  test('a move from a status that is no longer current is a conflict and records no event', async () => {
    const { id } = await aRequest({ status: 'withdrawn' })
    const about = { requestId: id }
    const resolvedAt = new Date()
    const move = transaction((tx) => moveRequest(tx, id, 'pending', 'lapsed', { ...lapsed, about }, { resolvedAt }))
    await expect(move).rejects.toMatchObject({ code: 'conflict' })
    expect(await db().auditEvent.count({ where: { requestId: id } })).toBe(0)
  })

  test('of simultaneous moves one succeeds, and one event is recorded', async () => {
    const { id } = await aGrant({ status: 'active' })
    const event = { ...ending, about: { grantId: id } }
    const move = () =>
      transaction((tx) =>
        moveGrant(tx, id, 'active', 'ending', event, {
          endedBy: 'expiry',
          endingAt: new Date(),
          nextAttemptAt: new Date(),
        }),
      )
    const results = await Promise.allSettled(Array.from({ length: 8 }, move))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await db().auditEvent.count({ where: { grantId: id } })).toBe(1)
  })

  test('an impossible move is refused before the database is called', async () => {
    const { id } = await aGrant({ status: 'ended' })
    const move = transaction((tx) => moveGrant(tx, id, 'ended', 'active', { ...ending, about: { grantId: id } }))
    await expect(move).rejects.toThrow('a grant cannot go from ended to active')
  })
})
