import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { entitlementSchema } from '#lib/core/access/entitlement'
import { grantsNamespace } from '#lib/core/access/namespaces'
import type { Rule } from '#lib/core/access/rule'
import { instanceOf, labels } from '#lib/core/grants/names'
import { allowPosternIn } from '#local/parts/world'
import { openRun, type Part, type Run } from '#local/processes/processes'
import { aConfiguration, anEntitlementDocument, type ConfigurationDocument } from '#testing/configuration'
import { type TestDatabase, testDatabase, testParts } from '#testing/database'
import { anApprovedRequest } from '#testing/grants'
import { kubectl } from '#testing/kubectl'
import { type TestPolicy, testPolicy } from '#testing/policy'
import { aGrant } from '#testing/requests'
import { type ApiProxy, startApiProxy } from './api-proxy.ts'
import { type PostgresProxy, startPostgresProxy } from './postgres-proxy.ts'
import { seed } from './random.ts'

/** `program` is a file of `testing/`. */
type WorkerOptions = { ending?: 'SIGKILL' | 'SIGTERM'; env?: Record<string, string>; program?: string }

/** `createdAt` is the time of the request, for tests in which the database's clock differs from this process's. */
type GrantOptions = { cluster?: string; namespace?: string; durationSeconds?: number; createdAt?: Date }

export type Stage = {
  database: TestDatabase
  policy: TestPolicy
  document: ConfigurationDocument
  publicUrl: string
  /** The rules of a grant in its namespace. */
  rules: Rule[]
  /** The proxy in front of a configured cluster. All lead to the one real API server. */
  proxy(cluster: string): ApiProxy
  /** Creates approved grants of this stage's entitlement, which a worker has yet to activate; returns their ids. */
  grants(count: number, options?: GrantOptions): Promise<string[]>
  postgres: PostgresProxy
  run: Run
  /** Starts a worker process behind both proxies. Its `stop` is `kill -9` by default; SIGTERM shuts it down gracefully. */
  startWorker(options?: WorkerOptions): Promise<Part>
  end(): Promise<void>
}

type Options = {
  name: string
  clusters?: string[]
  /** Created for this stage; the entitlement `chaos` covers them. */
  namespaces?: string[]
}

/** Creates the namespaces, if necessary, and allows Postern to grant access in them. */
async function createNamespaces(names: readonly string[], scratch: string) {
  if (names.length === 0) return
  const { kubernetes } = testParts()
  const items = names.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
  await kubectl(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) })
  await allowPosternIn({ ...kubernetes, adminContext: kubernetes.name, scratch }, names)
}

/** Deletes the stage's objects with collection deletes: `kubectl delete` deletes them one by one, which takes too long. */
async function removeObjects(namespaces: readonly string[], publicUrl: string) {
  const selector = `${labels.instance}=${instanceOf(publicUrl)}`
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces'
  const lists = [
    ...namespaces.flatMap((name) => [`${rbac}/${name}/rolebindings`, `${rbac}/${name}/roles`]),
    `/api/v1/namespaces/${grantsNamespace}/serviceaccounts`,
  ]
  for (const list of lists) {
    const isLeft = async () => {
      const { items } = JSON.parse(await kubectl(['get', '--raw', `${list}?limit=1&labelSelector=${selector}`]))
      return items.length > 0
    }
    // One call deletes as many objects as its timeout allows.
    while (await isLeft()) await kubectl(['delete', '--raw', `${list}?labelSelector=${selector}`]).catch(() => {})
  }
  await kubectl(['delete', 'sa,role,rolebinding', '-A', '-l', selector])
}

/** Opens a test environment: a database and a configuration of its own, and proxies in front of both servers. */
export async function openStage({ name, clusters = ['prod-eu'], namespaces = [] }: Options): Promise<Stage> {
  process.stderr.write(`${name}: seed ${seed} (POSTERN_CHAOS_SEED=${seed} repeats it)\n`)
  const { kubernetes } = testParts()
  const [run, database] = await Promise.all([openRun({ name }), testDatabase()])
  await createNamespaces(namespaces, run.directory)
  const publicUrl = `https://postern-${randomBytes(6).toString('hex')}.example.com`
  const proxies: Record<string, ApiProxy> = {}
  for (const cluster of clusters) proxies[cluster] = await startApiProxy(kubernetes, run.directory, cluster)
  const postgres = await startPostgresProxy(database.appUrl)
  const offered = anEntitlementDocument({
    ...{ name: 'chaos', clusters, namespaces: namespaces.length > 0 ? namespaces : ['payments'] },
    rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] }],
  })
  const entitlement = entitlementSchema.parse(offered)
  const rules = entitlement.rules ?? []
  const document = aConfiguration({
    publicUrl,
    clusters: clusters.map((cluster) => ({
      name: cluster,
      kubeconfig: { file: proxies[cluster]?.kubeconfig },
      publicServer: kubernetes.server,
    })),
    entitlements: [anEntitlementDocument({ clusters }), offered],
  })
  const policy = await testPolicy(document)
  let count = 0
  return {
    ...{ database, policy, document, publicUrl, rules, postgres, run },
    proxy: (cluster) => {
      const proxy = proxies[cluster]
      if (!proxy) throw new Error(`no proxy in front of ${cluster}`)
      return proxy
    },
    grants: async (
      count,
      { cluster = clusters[0], namespace = entitlement.namespaces?.[0] ?? '', durationSeconds, createdAt } = {},
    ) => {
      const ids: string[] = []
      for (let i = 0; i < count; i++) {
        const { request } = await anApprovedRequest({
          entitlement,
          cluster,
          rules,
          namespaces: [namespace],
          durationSeconds,
          createdAt,
        })
        ids.push((await aGrant({ request })).id)
      }
      return ids
    },
    startWorker: async ({ ending = 'SIGKILL', env = {}, program = 'worker-process.ts' } = {}) => {
      count += 1
      const logFile = join(run.logs, `worker-${count}.log`)
      return run.start({
        name: `worker-${count}`,
        command: process.execPath,
        args: ['--conditions=react-server', join(import.meta.dirname, '../../testing', program)],
        env: {
          ...process.env,
          LOG_LEVEL: 'info',
          POSTERN_ROLE: 'worker',
          POSTERN_CONFIG: policy.file,
          DATABASE_URL: postgres.through(database.appUrl),
          ...env,
        },
        ending: { signal: ending, graceMs: 20_000 },
        ready: async () => readFileSync(logFile, 'utf8').includes('worker started'),
      })
    },
    end: async () => {
      await run.stop()
      for (const proxy of Object.values(proxies)) await proxy.stop()
      await postgres.stop()
      await policy.stop()
      await database.drop()
      await removeObjects(entitlement.namespaces ?? [], publicUrl)
      if (namespaces.length > 0) await kubectl(['delete', 'namespace', '--wait=false', ...namespaces])
    },
  }
}
