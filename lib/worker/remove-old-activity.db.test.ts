import { expect, test } from 'vitest'
import { removeOldCalls } from '#lib/adapters/db/activity/remove-old-calls'
import { db } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { saveAuditEvents } from '#lib/operations/save-audit-events'
import { accessReview } from '#lib/views/access-review'
import { activitySummary } from '#lib/views/activity-summary'
import { grantActivity } from '#lib/views/grant-activity'
import { openClient } from '#local/parts/postgres'
import { anAuditEvent, microTime, userOfGrant } from '#testing/audit-events'
import { testBench } from '#testing/bench'
import { eventsWhere } from '#testing/events'
import { anActor, aPerson, aSystemActor, asActor } from '#testing/people'
import { aGrant } from '#testing/requests'
import { until } from '#testing/until'
import { killedWhileWriting } from '#testing/work-until-killed'
import { removeOldActivity } from './remove-old-activity.ts'

const { database } = await testBench()

const day = 86_400_000
const keep = 400 * 86_400
const worker = aSystemActor()
const daysAgo = (days: number, plusMs = 0) => new Date(Date.now() - days * day + plusMs)
const startOfDay = (date: Date) => new Date(Math.floor(date.getTime() / day) * day)

/** Calls that the audit policy keeps: someone reads secrets. */
const secretRead = (at: Date, name = 'key', username = 'reader@example.com') =>
  anAuditEvent({
    ...{ user: { username, groups: [] }, verb: 'get', requestURI: `/api/v1/namespaces/payments/secrets/${name}` },
    ...{ objectRef: { resource: 'secrets', namespace: 'payments', name, apiVersion: 'v1' } },
    ...{ requestReceivedTimestamp: microTime(at), stageTimestamp: microTime(at) },
  })
const save = (...events: object[]) => saveAuditEvents(aSystemActor('activity'), 'prod-eu', events)
const removals = () => eventsWhere({ type: 'activity.removed' })
const untilDone = async (options: { now?: Date; step?: number } = {}) => {
  while (await removeOldCalls(worker, keep, options));
}
/** A new day: the removal of the present one is as if it had been that of the day before. */
const nextDay = () =>
  database.asOwner(`ALTER TABLE activity_retention DISABLE TRIGGER activity_retention_guard;
    UPDATE activity_retention SET removed_before = removed_before - interval '1 day';
    ALTER TABLE activity_retention ENABLE ALWAYS TRIGGER activity_retention_guard`)
/** A grant that ended long ago, which only the owner of the database can write. */
async function anOldGrant(activatedAt: Date, endedAt: Date) {
  const holder = await aPerson()
  const { id } = await aGrant({ holder, status: 'ended', activatedAt })
  await database.asOwner('ALTER TABLE grants DISABLE TRIGGER USER')
  await database.asOwner('UPDATE grants SET ended_at = $1 WHERE id = $2', [endedAt, id])
  await database.asOwner('ALTER TABLE grants ENABLE TRIGGER USER')
  return { holder, id }
}
const namesLeft = async () =>
  (await db().activity.findMany({ where: { resource: 'secrets' }, orderBy: { at: 'asc' } })).map(({ name }) => name)

test('calls that are older than activity.keep are removed with what only they had, and one event has the figures', async () => {
  await database.asOwner(`INSERT INTO activity_rejections (cluster, reason, readable, received_at)
    VALUES ('prod-eu', 'old', '{}', now() - interval '500 days'), ('prod-eu', 'young', '{}', now())`)
  const [old, young] = [daysAgo(410), daysAgo(10)]
  await save(
    secretRead(old, 'a', 'gone@example.com'),
    secretRead(old, 'b'),
    secretRead(old, 'c'),
    secretRead(young, 'd'),
  )
  const arrived = await db().activityCount.count()
  const recorded = await db().auditEvent.count()

  await removeOldActivity(new AbortController().signal)
  expect(await namesLeft()).toEqual(['d'])
  expect((await db().activitySource.findMany()).map(({ account }) => account)).toEqual(['reader@example.com'])
  expect((await db().activityRejection.findMany()).map(({ reason }) => reason)).toEqual(['young'])
  expect(await db().activityMinute.count({ where: { minute: { lt: daysAgo(400) } } })).toBe(0)
  const before = startOfDay(daysAgo(400)).toISOString()
  const minutes = 1
  expect(await removals()).toMatchObject([{ data: { before, calls: 3, sources: 1, rejections: 1, minutes } }])

  // The counts of what arrived stay, and so does the record. A second pass on the same day does nothing.
  await removeOldActivity(new AbortController().signal)
  expect(await db().activityCount.count()).toBe(arrived)
  expect(await db().auditEvent.count()).toBe(recorded + 1)
  await nextDay()
  await removeOldActivity(new AbortController().signal)
  expect(await removals()).toHaveLength(1)
})

test('pages say since when calls are known, instead of that access was never used', async () => {
  const [activatedAt, endedAt] = [daysAgo(420), daysAgo(420, 3_600_000)]
  const { holder, id } = await anOldGrant(activatedAt, endedAt)
  await save(secretRead(daysAgo(500)), secretRead(new Date()))
  await nextDay()
  await untilDone()
  const before = startOfDay(daysAgo(400)).toISOString()
  const { feed, count } = await grantActivity(asActor(holder), id)
  expect({ feed, count }).toMatchObject({ feed: { firstAt: before, removedBefore: before }, count: 0 })
  const auditor = await anActor({ roles: ['auditor'] })
  expect((await activitySummary(auditor, {})).removedBefore).toBe(before)
  const period = { from: daysAgo(430).toISOString(), to: daysAgo(401).toISOString() }
  await database.asOwner(
    `INSERT INTO audit_events (id, at, type, actor_kind, actor_name, via, reference, request_id, grant_id, namespaces, data)
     SELECT 'evt_' || type, at, type, 'system', 'w', 'system', 'r', (SELECT request_id FROM grants WHERE id = $1), $1, '{}', '{}'
     FROM (VALUES ('grant.active', $2::timestamptz), ('grant.ended', $3)) AS e(type, at)`,
    [id, activatedAt, endedAt],
  )
  expect(await accessReview(auditor, period)).toMatchObject({
    ...{ callsRemovedBefore: before, access: [{ granted: 1, used: null }] },
  })
})

test('suspicious calls of a finding stay, and the other calls of the grant do not', async () => {
  const [activatedAt, endedAt] = [daysAgo(450), daysAgo(449)]
  const { holder, id } = await anOldGrant(activatedAt, endedAt)
  const jti = newId('event')
  await db().credential.create({
    data: {
      ...{ id: newId('credential'), grantId: id, personId: holder.id, jti },
      ...{ issuedAt: activatedAt, expiresAt: endedAt },
    },
  })
  const called = (name: string, at: Date, token: string = jti) => ({
    ...secretRead(at, name),
    user: userOfGrant(id, token),
  })
  await save(called('proper', daysAgo(449, -3_600_000)), called('after-end', daysAgo(449, 3_600_000)))
  await save(called('minted', daysAgo(449, -7_200_000), 'minted-elsewhere'))
  expect(await eventsWhere({ grantId: id, type: 'activity.suspicious' })).toHaveLength(2)
  await nextDay()
  await untilDone({ step: 1 })
  const left = await db().activity.findMany({ where: { source: { grantId: id } }, orderBy: { at: 'asc' } })
  expect(left.map(({ name }) => name)).toEqual(['minted', 'after-end'])
})

test('a clock that is ahead removes nothing too early, and one that is behind keeps the calls', async () => {
  await save(secretRead(daysAgo(300), 'young'), secretRead(daysAgo(401), 'old'))
  await nextDay()
  const atFirst = (await namesLeft()).length
  await untilDone({ now: daysAgo(100) })
  expect(await namesLeft()).toHaveLength(atFirst)
  await untilDone({ now: daysAgo(-3_650) })
  expect(await namesLeft()).toContain('young')
  expect(await namesLeft()).not.toContain('old')
})

test('the application’s role removes nothing that is younger than 30 days, and no one deletes a call that is not old', async () => {
  await save(secretRead(daysAgo(1), 'kept'))
  const attempts = [
    () => database.asApp('DELETE FROM activity'),
    () => database.asApp('UPDATE activity_retention SET removed_before = now()'),
    () => database.asApp(`SELECT * FROM remove_old_activity(now() - interval '29 days', 10)`),
    () => database.asOwner(`DELETE FROM activity WHERE name = 'kept'`),
    () =>
      database.asOwner(`DELETE FROM activity_sources WHERE id IN (SELECT source_id FROM activity WHERE name = 'kept')`),
    () => database.asOwner(`UPDATE activity_retention SET removed_before = removed_before - interval '1 day'`),
  ]
  const reasons: string[] = []
  for (const attempt of attempts)
    reasons.push(
      await attempt().then(
        () => 'allowed',
        (error: Error) => error.message,
      ),
    )
  expect(reasons).toEqual([
    'permission denied for table activity',
    'permission denied for table activity_retention',
    'activity_retention only moves forward, and never past the last 30 days',
    'DELETE on activity is refused: its rows are history',
    'DELETE on activity_sources is refused: its rows are history',
    'activity_retention only moves forward, and never past the last 30 days',
  ])
})

test('several workers at once remove each call once, and lose none that arrives with the same source meanwhile', async () => {
  await nextDay()
  const known = (await removals()).length
  await save(...Array.from({ length: 60 }, (_, n) => secretRead(daysAgo(405, n), `old-${n}`, 'busy@example.com')))
  const arriving = async (worker: number) => {
    for (let n = 0; n < 15; n += 1)
      await save(secretRead(daysAgo(2, worker * 100 + n), `new-${worker}-${n}`, 'busy@example.com'))
  }
  await Promise.all([...[1, 2, 3].map(() => untilDone({ step: 1 })), arriving(1), arriving(2)])
  await untilDone()
  const left = await namesLeft()
  expect(left.filter((name) => name.startsWith('new-'))).toHaveLength(30)
  expect(left.filter((name) => name.startsWith('old-'))).toEqual([])
  const [event, ...more] = (await removals()).slice(known)
  expect([event?.data, more]).toMatchObject([{ calls: 60 }, []])
})

test('a source is not removed between the moment at which a batch finds it and the one at which its calls are stored', async () => {
  await nextDay()
  // A batch saves its sources in the order of their keys: the held one is the later one.
  const [{ known, held }] = (await database.asOwner(`
    SELECT min(account) FILTER (WHERE place = 1) AS known, min(account) FILTER (WHERE place = 2) AS held FROM (
      SELECT account, row_number() OVER (ORDER BY activity_source_key('prod-eu', account, null, null, '192.0.2.30', null, 'agent')) AS place
      FROM (VALUES ('one@example.com'), ('two@example.com')) AS a(account)) AS ordered`)) as [
    { known: string; held: string },
  ]
  const by = (account: string, at: Date, name: string) => ({ ...secretRead(at, name, account), userAgent: 'agent' })
  await save(by(known, daysAgo(402), 'last-of-its-source'))
  await database.asOwner(`
    CREATE FUNCTION hold_source() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN PERFORM pg_advisory_xact_lock(4712); RETURN NEW; END $$;
    CREATE TRIGGER hold_source BEFORE INSERT ON activity_sources FOR EACH ROW WHEN (NEW.account = '${held}') EXECUTE FUNCTION hold_source()`)
  const holder = openClient(database.ownerUrl)
  await holder.connect()
  await holder.query('SELECT pg_advisory_lock(4712)')
  const saving = save(by(known, daysAgo(1), 'racing'), by(held, daysAgo(1), 'held'))
  await until('the batch has found its first source', async () => (await database.lockWaits()) === 1)
  let isRemoved = false
  const removing = untilDone().then(() => {
    isRemoved = true
  })
  await until('the removal waits or is done', async () => isRemoved || (await database.lockWaits()) === 2)
  await holder.end()
  await Promise.all([saving, removing])
  await database.asOwner('DROP FUNCTION hold_source CASCADE')
  const left = await namesLeft()
  expect(left).toContain('racing')
  expect(left).not.toContain('last-of-its-source')
})

test('a worker that is killed while it removes leaves the rest to the next one, and there is one event with all of it', async () => {
  await nextDay()
  const known = (await removals()).length
  await save(...Array.from({ length: 5 }, (_, n) => secretRead(daysAgo(405, n), `late-${n}`)))
  // Two steps are committed, and the last one is not.
  for (let step = 0; step < 2; step += 1) expect(await removeOldCalls(worker, keep, { step: 2 })).toBe(true)
  const recording = { write: 'AFTER INSERT ON audit_events', when: `NEW.type = 'activity.removed'` }
  await killedWhileWriting(database, 'worker', recording)
  expect((await removals()).length).toBe(known)
  await untilDone()
  expect((await removals()).slice(known)).toMatchObject([{ data: { calls: 5 } }])
  expect((await namesLeft()).filter((name) => name.startsWith('late-'))).toEqual([])
})
