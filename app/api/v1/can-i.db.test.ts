// `postern can-i` against the API, and the roles of a cluster as the worker saves them.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimRightsRead, saveRights } from '#lib/adapters/db/clusters/cluster-rights'
import { endpoints } from '#lib/api/endpoints'
import { mostActions } from '#lib/core/access/explanation'
import { buildPackage } from '#local/package/build'
import { apiBench } from '#testing/api-bench'
import { callRoute, expectProblem, expectSuccess } from '#testing/call-route'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { servedRoutes } from '#testing/served-routes'
import * as explain from './access/explain/route.ts'
import { apiRoutes } from './routes.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-can-i-'))
const { as } = await apiBench(['mina', 'ines'], {
  clusters: aConfiguration().clusters.map((cluster) => ({
    ...cluster,
    people: { username: 'subject', usernamePrefix: 'oidc:' },
  })),
  entitlements: [anEntitlementDocument()],
})

/** The number of actions of each call. */
const calls: number[] = []
const counted: typeof explain.POST = async (request, context) => {
  calls.push((await request.clone().json()).actions.length)
  return explain.POST(request, context)
}
const served = await servedRoutes(apiRoutes, { '/api/v1/access/explain': { POST: counted } })

beforeAll(async () => {
  await buildPackage(join(folder, 'package'))
  const objects = {
    roles: [
      {
        metadata: { namespace: 'payments', name: 'look' },
        rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
      },
    ],
    clusterRoles: [],
    roleBindings: [
      {
        metadata: { namespace: 'payments', name: 'look' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'look' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'oidc:mina' }],
      },
    ],
    clusterRoleBindings: [],
  }
  await claimRightsRead('prod-eu')
  await saveRights('prod-eu', { objects, served: null, serviceAccounts: null }, new Date(), 60)
})
afterAll(async () => {
  await served.stop()
  rmSync(folder, { recursive: true })
})

async function canI(...args: string[]): Promise<string> {
  const { token } = as('mina')
  const env = { HOME: folder, POSTERN_SERVER: served.url, POSTERN_TOKEN: token } as unknown as NodeJS.ProcessEnv
  const program = [join(folder, 'package/launcher.js'), 'can-i', '--cluster', 'prod-eu', '-n', 'payments', ...args]
  return (await promisify(execFile)(process.execPath, program, { env })).stdout
}

test('a table says yes, request or no for each action, and is one call of the server', async () => {
  calls.length = 0
  const table = await canI()
  expect(table).toMatch(/^pods +yes( +no){6}$/m)
  expect(table).toMatch(/^deployments\.apps +request +request +request +no +no +request +no +payments-restart$/m)
  expect(table).toMatch(/^pods\/exec +no$/m)
  expect(table).not.toContain('unknown')
  expect(calls).toEqual([52])
})

test('a table of more actions than one call may have is complete', async () => {
  calls.length = 0
  const resources = Array.from({ length: 12 }, (_, index) => `kind${index}`)
  const { resources: rows } = JSON.parse(await canI(...resources, 'pods', '-o', 'json'))
  expect(calls).toEqual([mostActions, 13 * 7 - mostActions])
  expect(rows.map(({ resource }: { resource: string }) => resource)).toEqual([...resources, 'pods'])
  expect(rows.at(-1).verbs).toMatchObject({ get: { access: 'yes' }, delete: { access: 'no' } })
})

const check = (who: string, body: object) =>
  callRoute(explain, {
    ...as(who),
    method: 'POST',
    path: '/api/v1/access/explain',
    body: { cluster: 'prod-eu', ...body },
  })
const getPods = { verb: 'get', resource: 'pods', namespace: 'payments' }

test('each action gets the answer that it gets alone, in the order of the actions', async () => {
  const actions = [getPods, { ...getPods, verb: 'delete' }, { ...getPods, namespace: '' }]
  const together = await check('mina', { actions })
  expectSuccess(together, endpoints.explainEachAccess)
  const alone = actions.map((action) => {
    const query = new URLSearchParams({ cluster: 'prod-eu', ...action } as Record<string, string>)
    return callRoute(explain, { ...as('mina'), path: `/api/v1/access/explain?${query}` })
  })
  expect(together.body.items).toEqual((await Promise.all(alone)).map(({ body }) => body))
})

test('no action, too many of them, or one without a target is refused, and another person does not exist', async () => {
  const tooMany = Array.from({ length: mostActions + 1 }, () => getPods)
  for (const actions of [[], tooMany, [{ ...getPods, path: '/metrics' }], [{ verb: 'get' }]]) {
    const { status, body } = await check('mina', { actions })
    expect([400, 422]).toContain(status)
    expect(body.errors[0].pointer).toMatch(/^\/actions/)
  }
  expectProblem(await check('mina', { actions: [getPods], person: 'jonas' }), 404, 'not-found')
  expect((await check('ines', { actions: [getPods], person: 'mina' })).body.items).toMatchObject([{ allowed: true }])
})
