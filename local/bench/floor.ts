import { Agent, request } from 'node:https'
import pg from 'pg'

// The floor: what granting and ending cost when nothing judges, decides or records more than promise 1 needs. Plain
// keep-alive HTTPS and plain SQL, no product code, on the same servers in the same run.

export type FloorTarget = { server: string; ca: string; token: string; databaseUrl: string; namespace: string }

export type Floor = {
  /** Milliseconds for three creates in parallel, one access review and two commits. */
  grant(id: string): Promise<number>
  token(id: string): Promise<number>
  /** Milliseconds for deleting the binding, one access review and two commits. */
  end(id: string): Promise<number>
  /** Milliseconds for asking what somebody may do in a namespace, and one thing more: no judgement, no record. */
  preview(): Promise<number>
  /** Removes the role and the ServiceAccount: not part of the time. */
  cleanUp(id: string): Promise<void>
  close(): Promise<void>
}

const grantsNamespace = 'postern-grants'
const rbac = '/apis/rbac.authorization.k8s.io/v1'

/** @param adminUrl owner of the database, for a table of the floor's own */
export async function startFloor(target: FloorTarget, adminUrl: string, connections: number): Promise<Floor> {
  const owner = new pg.Client({ connectionString: adminUrl })
  await owner.connect()
  await owner.query(
    'CREATE TABLE IF NOT EXISTS bench_floor (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), data jsonb)',
  )
  await owner.query(
    'GRANT INSERT ON bench_floor TO postern_app; GRANT USAGE ON SEQUENCE bench_floor_id_seq TO postern_app',
  )
  await owner.end()
  const pool = new pg.Pool({ connectionString: target.databaseUrl, max: connections })
  const agent = new Agent({ keepAlive: true, maxSockets: connections * 3, ca: target.ca })

  const commit = () => pool.query("INSERT INTO bench_floor (data) VALUES ('{}')")
  const call = (method: string, path: string, body?: unknown) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const headers = {
        authorization: `Bearer ${target.token}`,
        ...(text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {}),
      }
      const sent = request(new URL(path, target.server), { method, agent, headers }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk) => chunks.push(chunk))
        answer.on('end', () => {
          const status = answer.statusCode ?? 0
          const answered = Buffer.concat(chunks).toString()
          if (status < 300 || (method === 'DELETE' && status === 404)) resolve({ status, body: answered })
          else reject(new Error(`${method} ${path}: ${status} ${answered.slice(0, 300)}`))
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
      if (Date.now() > deadline) throw new Error(`never ${expected ? 'allowed' : 'denied'}`)
  }
  const timed = async (work: () => Promise<unknown>) => {
    const start = performance.now()
    await work()
    return performance.now() - start
  }

  return {
    grant: (id) =>
      timed(async () => {
        await commit()
        await Promise.all([
          call('POST', `/api/v1/namespaces/${grantsNamespace}/serviceaccounts`, { metadata: { name: id } }),
          call('POST', `${rbac}/namespaces/${target.namespace}/roles`, {
            metadata: { name: id },
            rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] }],
          }),
          call('POST', `${rbac}/namespaces/${target.namespace}/rolebindings`, {
            metadata: { name: id },
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: id },
            subjects: [{ kind: 'ServiceAccount', name: id, namespace: grantsNamespace }],
          }),
        ])
        await reviewUntil(id, true)
        await commit()
      }),
    token: (id) =>
      timed(() =>
        call('POST', `/api/v1/namespaces/${grantsNamespace}/serviceaccounts/${id}/token`, {
          spec: { expirationSeconds: 600 },
        }),
      ),
    end: (id) =>
      timed(async () => {
        await commit()
        await call('DELETE', `${rbac}/namespaces/${target.namespace}/rolebindings/${id}`)
        await reviewUntil(id, false)
        await commit()
      }),
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
    cleanUp: async (id) => {
      await Promise.all([
        call('DELETE', `${rbac}/namespaces/${target.namespace}/roles/${id}`),
        call('DELETE', `/api/v1/namespaces/${grantsNamespace}/serviceaccounts/${id}`),
      ])
    },
    close: async () => {
      agent.destroy()
      await pool.end()
    },
  }
}
