import { Agent, request } from 'node:https'
import pg from 'pg'

// The floor: the cost of granting and ending access when no code judges, decides or records more than promise 1 needs.
// Plain keep-alive HTTPS and plain SQL, no product code, on the same servers in the same run.

export type FloorTarget = { server: string; ca: string; token: string; databaseUrl: string; namespace: string }

export type Floor = {
  /** Milliseconds for three creates in parallel, one access review and two commits. */
  grant(id: string): Promise<number>
  token(id: string): Promise<number>
  /**
   * Milliseconds for a commit, deleting the binding and one access review (`deniedMs`), then for deleting the Role and the
   * ServiceAccount, and a second commit (`endMs`).
   */
  end(id: string): Promise<{ deniedMs: number; endMs: number }>
  /** Milliseconds for one SelfSubjectRulesReview and one SubjectAccessReview, without judging or recording anything. */
  preview(): Promise<number>
  close(): Promise<void>
}

/** What is written at which moment of a cycle. The bare floor writes nothing about the token. */
export type FloorStep = 'approved' | 'active' | 'requested' | 'issued' | 'ending' | 'ended'
/** Commits what belongs to this step of the grant with this id. */
export type Save = (step: FloorStep, id: string) => Promise<unknown>

const grantsNamespace = 'postern-grants'
const rbac = '/apis/rbac.authorization.k8s.io/v1'

export type SqlPool = Pick<pg.Pool, 'query'>

/**
 * @param ownerUrl the database as its owner, to create the floor's own table
 * @param saveWith what is written instead of an almost empty row for each commit
 */
export async function startFloor(
  target: FloorTarget,
  ownerUrl: string,
  connections: number,
  saveWith?: (pool: SqlPool) => Save,
): Promise<Floor> {
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  await owner.query(
    'CREATE TABLE IF NOT EXISTS bench_floor (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), data jsonb)',
  )
  await owner.query(
    'GRANT INSERT ON bench_floor TO postern_app; GRANT USAGE ON SEQUENCE bench_floor_id_seq TO postern_app',
  )
  await owner.end()
  const pool = new pg.Pool({ connectionString: target.databaseUrl, application_name: 'floor', max: connections })
  // When the run fails its servers end first; the failure is what matters then.
  pool.on('error', () => {})
  const agent = new Agent({ keepAlive: true, maxSockets: connections * 3, ca: target.ca })

  /** The labels and annotations of Postern's objects: the API server writes as much for the floor. */
  const metadataOf = (name: string) => ({
    name,
    labels: {
      'app.kubernetes.io/managed-by': 'floor',
      'postern.dev/instance': 'localhost_30000',
      'postern.dev/grant': 'grt_01kb0000000000000000000000',
    },
    annotations: {
      'postern.dev/requester': 'mina@example.com',
      'postern.dev/request-url': 'http://localhost:30000/requests/req_01kb0000000000000000000000',
      'postern.dev/expires-at': '2026-01-01T00:00:00.000Z',
    },
  })
  const bare: Save = async (step) =>
    step !== 'requested' &&
    step !== 'issued' &&
    pool.query({ name: 'commit', text: "INSERT INTO bench_floor (data) VALUES ('{}')" })
  const save = saveWith?.(pool) ?? bare
  const call = (method: string, path: string, body?: unknown) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const headers = {
        authorization: `Bearer ${target.token}`,
        ...(text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {}),
      }
      const sent = request(new URL(path, target.server), { method, agent, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () => {
          const status = response.statusCode ?? 0
          const received = Buffer.concat(chunks).toString()
          if (status < 300 || (method === 'DELETE' && status === 404)) resolve({ status, body: received })
          else reject(new Error(`${method} ${path}: ${status} ${received.slice(0, 300)}`))
        })
      })
      sent.on('error', reject)
      sent.end(text)
    })

  const review = async (id: string, expected: boolean) => {
    const { body } = await call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      spec: {
        user: `system:serviceaccount:${grantsNamespace}:${id}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${grantsNamespace}`, 'system:authenticated'],
        resourceAttributes: { namespace: target.namespace, verb: 'get', group: 'apps', resource: 'deployments' },
      },
    })
    return JSON.parse(body).status.allowed === expected
  }
  const reviewUntil = async (id: string, expected: boolean) => {
    const deadline = Date.now() + 10_000
    while (!(await review(id, expected)))
      if (Date.now() > deadline) throw new Error(`not ${expected ? 'allowed' : 'denied'} within 10 s`)
  }
  const timed = async (work: () => Promise<unknown>) => {
    const start = performance.now()
    await work()
    return performance.now() - start
  }

  return {
    grant: (id) =>
      timed(async () => {
        await save('approved', id)
        await Promise.all([
          call('POST', `/api/v1/namespaces/${grantsNamespace}/serviceaccounts`, { metadata: metadataOf(id) }),
          call('POST', `${rbac}/namespaces/${target.namespace}/roles`, {
            metadata: metadataOf(id),
            rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] }],
          }),
          call('POST', `${rbac}/namespaces/${target.namespace}/rolebindings`, {
            metadata: metadataOf(id),
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: id },
            subjects: [{ kind: 'ServiceAccount', name: id, namespace: grantsNamespace }],
          }),
        ])
        await reviewUntil(id, true)
        await save('active', id)
      }),
    token: (id) =>
      timed(async () => {
        await save('requested', id)
        await call('POST', `/api/v1/namespaces/${grantsNamespace}/serviceaccounts/${id}/token`, {
          spec: { expirationSeconds: 600 },
        })
        await save('issued', id)
      }),
    end: async (id) => {
      const start = performance.now()
      await save('ending', id)
      await call('DELETE', `${rbac}/namespaces/${target.namespace}/rolebindings/${id}`)
      await reviewUntil(id, false)
      const deniedMs = performance.now() - start
      await Promise.all([
        call('DELETE', `${rbac}/namespaces/${target.namespace}/roles/${id}`),
        call('DELETE', `/api/v1/namespaces/${grantsNamespace}/serviceaccounts/${id}`),
      ])
      await save('ended', id)
      return { deniedMs, endMs: performance.now() - start }
    },
    preview: () =>
      timed(async () => {
        const reviews = '/apis/authorization.k8s.io/v1'
        await call('POST', `${reviews}/selfsubjectrulesreviews`, { spec: { namespace: target.namespace } })
        await call('POST', `${reviews}/subjectaccessreviews`, {
          spec: {
            user: 'oidc:mina@example.com',
            groups: ['oidc:payments-dev', 'system:authenticated'],
            resourceAttributes: { namespace: target.namespace, verb: 'get', group: 'apps', resource: 'deployments' },
          },
        })
      }),
    close: async () => {
      agent.destroy()
      await pool.end()
    },
  }
}
