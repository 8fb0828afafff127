import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { db } from '#lib/adapters/db/client'
import { userName } from '#lib/core/grants/names'
import { issueCredential } from '#lib/operations/issue-credential'
import { releaseGrant } from '#lib/operations/release-grant'
import { startAuditImport } from '#lib/operations/start-audit-import'
import { activityGaps } from '#lib/views/activity-gaps'
import { grantActivity } from '#lib/views/grant-activity'
import { listActivity } from '#lib/views/list-activity'
import { freePort } from '#local/processes/ports'
import { eventsWhere } from '#testing/events'
import { anActiveGrant, grantReaches } from '#testing/grants'
import { testUrl } from '#testing/identity'
import { kubectl } from '#testing/kubectl'
import { ownCluster } from '#testing/own-cluster'
import { aPerson, asActor } from '#testing/people'
import { until } from '#testing/until'
import { workerBench } from '#testing/worker'
import { POST } from '../../app/api/v1/clusters/[cluster]/audit/route.ts'
import { run } from '../../cli/running.testing.ts'

// A real kube-apiserver with the audit policy of `postern cluster audit-policy` sends its audit events to Postern's route.

vi.setConfig({ testTimeout: 180_000 })

const directory = mkdtempSync(join(tmpdir(), 'postern-activity-'))
afterAll(() => rmSync(directory, { recursive: true }))
const token = randomBytes(32).toString('base64url')
const tokenFile = join(directory, 'token')
writeFileSync(tokenFile, token)

/** Batches whose response is lost after they were committed, as if Postern had been killed there. */
let toLose = 0
let lost = 0
/** Every connection is cut, as if Postern was not there. */
let isDown = false
/** How often each event was sent meanwhile, by its audit ID. */
const attempts = new Map<string, number>()
const port = await freePort()
const receiver = createServer(async (incoming, outgoing) => {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const { method, url, headers } = incoming
  if (isDown) {
    const { items } = JSON.parse(Buffer.concat(chunks).toString()) as { items: Array<{ auditID: string }> }
    for (const { auditID } of items) attempts.set(auditID, (attempts.get(auditID) ?? 0) + 1)
    return outgoing.destroy()
  }
  // Who starts an import is tested by cli/activity/import.db.test.ts.
  if (url?.endsWith('/audit-imports')) {
    const { file } = JSON.parse(Buffer.concat(chunks).toString())
    return outgoing.writeHead(201).end(JSON.stringify(await startAuditImport(admin, 'prod-eu', { file })))
  }
  const init = { method: method ?? '', headers: headers as Record<string, string>, body: Buffer.concat(chunks) }
  const response = await POST(new Request(`${testUrl}${url}`, init), {
    params: Promise.resolve({ cluster: 'prod-eu' }),
  })
  if (response.ok && toLose > 0) {
    toLose -= 1
    lost += 1
    return outgoing.destroy()
  }
  outgoing.writeHead(response.status, { 'content-type': 'application/json' }).end(await response.text())
})
await new Promise<void>((resolve) => receiver.listen(port, '127.0.0.1', resolve))
afterAll(() => receiver.closeAllConnections())
afterAll(() => receiver.close())

const auditWebhook = { url: `http://127.0.0.1:${port}/api/v1/clusters/prod-eu/audit`, token }
const { auditLog } = await ownCluster('activity', { auditWebhook })
await workerBench({ audit: { tokenFile } })
const admin = asActor(await aPerson(), ['admin'])

type Logged = { auditID: string; stage: string; user: { username: string; extra?: Record<string, string[]> } }

/** What the API server's own log has of an account: each call and stage. */
const loggedBy = (account: string): string[] =>
  readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes(account))
    .map((line) => JSON.parse(line) as Logged)
    .filter(({ user }) => user.username === account)
    .map(({ auditID, stage }) => `${auditID} ${stage === 'ResponseStarted'}`)
    .sort()

const storedOf = async (grantId: string): Promise<string[]> =>
  (await db().activity.findMany({ where: { source: { grantId } } }))
    .map(({ auditId, isStart }) => `${auditId} ${isStart}`)
    .sort()

/** An active grant with a kubeconfig of its own, as its holder uses it. */
async function aUsableGrant() {
  const active = await anActiveGrant()
  const holder = asActor(active.holder)
  const issued = await issueCredential(holder, active.id)
  const kubeconfig = join(directory, `${active.id}.kubeconfig`)
  const withToken = (token: string) => writeFileSync(kubeconfig, issued.kubeconfig.replace(issued.token, token))
  withToken(issued.token)
  const use = (...args: string[]) => kubectl(args, { kubeconfig }).catch((error: { stderr: string }) => error.stderr)
  return { ...active, holder, jti: issued.jti, use, withToken, account: userName(active.id) }
}

test('every call that kubectl makes with a grant arrives once, tied to the grant and to the token, also if responses are lost', async () => {
  const { id, holder, jti, use, account, name } = await aUsableGrant()
  toLose = 2
  await use('get', 'deployments', '-n', 'payments')
  await use('rollout', 'restart', 'deployment/payments-api', '-n', 'payments')
  expect(await use('get', 'secrets', '-n', 'payments')).toContain('Forbidden')
  // It ends after a second, and the API server reports its begin and its end.
  await use('get', 'deployments', '-n', 'payments', '--watch', '--request-timeout=1s')

  const isLasting = async () =>
    (await grantActivity(holder, id)).lasting.some(({ verb, endedAt }) => verb === 'watch' && endedAt)
  await until('the end of the watch has arrived', isLasting, 60_000)
  await until('every call has arrived', async () => `${await storedOf(id)}` === `${loggedBy(account)}`, 60_000)
  await until('two responses were lost, and their batches sent again', async () => lost === 2, 60_000)
  expect(loggedBy(account).length).toBeGreaterThan(5)

  const activity = await grantActivity(holder, id)
  expect(new Set(activity.sources.map(({ credentialId }) => credentialId))).toEqual(new Set([jti]))
  expect(activity.sources.every(({ isIssued, address }) => isIssued && address === '127.0.0.1')).toBe(true)
  expect(activity.sources.every(({ userAgent }) => userAgent?.startsWith('kubectl/'))).toBe(true)
  expect(activity.groups).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        verb: 'list',
        group: 'apps',
        resource: 'deployments',
        namespace: 'payments',
        code: 200,
      }),
      expect.objectContaining({ verb: 'patch', resource: 'deployments', name: 'payments-api', code: 200 }),
      expect.objectContaining({ verb: 'list', resource: 'secrets', code: 403 }),
    ]),
  )
  expect(activity).toMatchObject({ refused: 1, secrets: 0, afterEnd: 0 })
  expect(activity.lasting.every(({ outlived }) => !outlived)).toBe(true)
  expect(await eventsWhere({ grantId: id, type: 'activity.suspicious' })).toEqual([])

  // Postern's own changes are known as such, once the worker has asked the cluster who Postern is.
  const auditor = asActor(await aPerson(), ['auditor'])
  const changes = async () => (await listActivity(auditor, { kind: 'rbac', name })).items
  const made = async () =>
    (await changes()).map(({ verb, resource, isByPostern }) => `${verb} ${resource} ${isByPostern}`)
  const areKnown = async () => {
    const known = await made()
    return ['create roles true', 'create rolebindings true'].every((one) => known.includes(one))
  }
  await until('the changes are known as those of Postern', areKnown, 60_000)
  const items = await changes()
  expect(items.find(({ resource }) => resource === 'roles')?.body).toMatchObject({ kind: 'Role', metadata: { name } })
})

test('a token that an administrator requests for the account of a grant is found when it is used, and so is impersonation', async () => {
  const { id, use, withToken, account, name } = await aUsableGrant()
  await use('get', 'deployments', '-n', 'payments')
  const minted = (await kubectl(['create', 'token', name, '-n', 'postern-grants'])).trim()
  withToken(minted)
  await use('get', 'deployments', '-n', 'payments')
  await kubectl(['get', 'secrets', '-n', 'payments', `--as=${account}`]).catch(() => '')
  const found = async () => (await eventsWhere({ grantId: id, type: 'activity.suspicious' })).map(({ data }) => data)
  await until('both are in the history', async () => (await found()).length === 2, 60_000)
  expect(await found()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ suspicion: 'not-issued', severity: 'high', account }),
      expect.objectContaining({ suspicion: 'impersonated', severity: 'high' }),
    ]),
  )
  // The call that requested the token is kept as well, without the token.
  const requests = await db().activity.findMany({ where: { kind: 'token', name }, include: { source: true } })
  expect(requests.map(({ source }) => source.userAgent?.split('/')[0])).toEqual(expect.arrayContaining(['kubectl']))
  expect(JSON.stringify(requests, (_, value) => (typeof value === 'bigint' ? `${value}` : value))).not.toContain(minted)
})

test('a grant that no one used is known as never used, because the cluster has reported its begin and its end', async () => {
  const { id, holder } = await aUsableGrant()
  await releaseGrant(holder, id)
  const { endedAt } = await grantReaches(id, 'ended')
  const isKnown = async () => (await grantActivity(holder, id)).feed !== null
  await until('the cluster reports', isKnown, 60_000)
  expect(await grantActivity(holder, id)).toMatchObject({ count: 0, groups: [], firstAt: null })
  expect(endedAt).not.toBeNull()
})

test('what the API server drops while Postern is down is a gap once its log file is imported, with exactly the dropped calls', async () => {
  const { id, use, account } = await aUsableGrant()
  const auditor = asActor(await aPerson(), ['auditor'])
  await use('get', 'deployments', '-n', 'payments')
  await until('the calls before have arrived', async () => `${await storedOf(id)}` === `${loggedBy(account)}`, 60_000)
  const before = new Set(await storedOf(id))
  const from = new Date().toISOString()

  const dropped = async () => {
    const metrics = await kubectl(['get', '--raw', '/metrics'])
    return Number(/^apiserver_audit_error_total\{plugin="webhook"\} (\d+)/m.exec(metrics)?.[1] ?? 0)
  }
  const droppedBefore = await dropped()
  isDown = true
  await use('get', 'secrets', '-n', 'payments')
  await use('get', 'deployments', '-n', 'payments')
  const whileDown = loggedBy(account).filter((call) => !before.has(call))
  expect(whileDown.length).toBeGreaterThan(1)
  const ids = whileDown.map((call) => call.split(' ')[0] ?? '')
  // The API server sends each batch five times, and then counts its events as errors.
  const isDropped = async () =>
    ids.every((one) => (attempts.get(one) ?? 0) >= 5) && (await dropped()) >= droppedBefore + ids.length
  await until('the API server has dropped them', isDropped, 120_000)
  isDown = false
  await use('get', 'deployments', '-n', 'payments')
  const arrived = async () => (await storedOf(id)).some((call) => !before.has(call) && !whileDown.includes(call))
  await until('calls arrive again', arrived, 60_000)
  const stored = await storedOf(id)
  expect(whileDown.filter((call) => stored.includes(call))).toEqual([])
  const range = { cluster: 'prod-eu', from }
  expect((await activityGaps(auditor, range)).filled).toEqual([])

  const args = ['activity', 'import', '--server', `http://127.0.0.1:${port}`, '--cluster', 'prod-eu']
  const imported = await run([...args, '--token-file', tokenFile, auditLog], '', { POSTERN_TOKEN: 'of the admin' })
  expect(imported).toMatchObject({ code: 0, out: expect.stringContaining('had not arrived in Postern before') })
  const { filled } = await activityGaps(auditor, range)
  expect(filled).toMatchObject([{ cluster: 'prod-eu', file: 'audit.log', by: admin.person.name }])
  const [gap] = filled
  const listed = await listActivity(auditor, { import: gap?.importId ?? '', account, limit: 100 })
  expect(listed.items.map(({ auditId }) => auditId).sort()).toEqual(ids.sort())
  expect(await storedOf(id)).toEqual(loggedBy(account))
})
