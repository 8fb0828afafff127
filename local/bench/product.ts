import { Agent, request } from 'node:http'
import pg from 'pg'
import type { Preview } from '#lib/core/access/preview-resource'
import { type GrantStatus, grantStatuses } from '#lib/core/access/status'
import type { Identity } from '#local/parts/identity'
import { bearerToken } from '#local/parts/sign-in'

export type Product = {
  /**
   * Submits a request, has a lead approve it, waits until it is active, revokes it and waits until it has ended.
   * `grantMs` and `endMs`: milliseconds from the database's timestamp of the decision and of the revocation (taken before
   * their commit) until this client received the notification of the commit of *active* and of *ended*. `committedGrantMs`:
   * the same from the notification of the decision's commit. `deniedMs`: from the revocation until the worker had the
   * cluster's denial, before *ended* was committed.
   */
  decidedGrant(): Promise<{ grantMs: number; committedGrantMs: number; deniedMs: number; endMs: number }>
  /** Milliseconds for the preview of a request. @throws Error if the difference to the current access is unknown */
  preview(): Promise<number>
  /** The id of a new request that waits for a decision. */
  pendingRequest(): Promise<string>
  /** One request that needs no approval, its credential, its release and its confirmed end. */
  cycle(): Promise<void>
  /** The bearer token of the requester. */
  token: string
  close(): Promise<void>
}

type GrantRow = {
  id: string
  status: GrantStatus
  decided: number
  revoked: number
  denied: number
}

type Call = <T = Record<string, string>>(path: string, body?: unknown) => Promise<T>

/** A client of Postern's API that listens to the database for changes of grants, so that waiting costs Postern nothing. */
export async function startProduct(at: { url: string; identity: Identity; databaseUrl: string }): Promise<Product> {
  const source = { ...at.identity, redirectUri: `${at.url}/api/auth/callback/oidc` }
  // Not fetch: it takes several times as much of the processor, which Postern needs too.
  const agent = new Agent({ keepAlive: true })
  const post = (path: string, authorization: string, text: string) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const headers = { authorization, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
      const sent = request(`${at.url}/api/v1${path}`, { method: 'POST', agent, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
      })
      sent.on('error', reject)
      sent.end(text)
    })
  const callWith = (token: string): Call => {
    const authorization = `Bearer ${token}`
    return async (path, body = {}) => {
      const response = await post(path, authorization, JSON.stringify(body))
      if (response.status >= 300) throw new Error(`${path}: ${response.status} ${response.body}`)
      return response.body ? JSON.parse(response.body) : {}
    }
  }
  const token = await bearerToken(source, 'mina')
  const [engineer, lead] = [callWith(token), callWith(await bearerToken(source, 'priya'))]

  const connection = { connectionString: at.databaseUrl, application_name: 'postern-bench' }
  const database = new pg.Pool({ ...connection, max: 4 })
  const listener = new pg.Client(connection)
  // When the run fails its servers end first; the failure is what matters then.
  database.on('error', () => {})
  listener.on('error', () => {})
  await listener.connect()
  await listener.query('LISTEN postern_grant')
  // PostgreSQL sends a notification with the commit of each change. The database's clock is also this process's.
  const notifiedAt = new Map<string, number[]>()
  const waiting = new Map<string, () => void>()
  listener.on('notification', ({ payload = '' }) => {
    const at = performance.timeOrigin + performance.now()
    const [grantId = ''] = payload.split(' ')
    const before = notifiedAt.get(grantId)
    if (before) before.push(at)
    else notifiedAt.set(grantId, [at])
    waiting.get(grantId)?.()
  })
  const readGrant = async (requestId: string) => {
    const { rows } = await database.query<GrantRow>({
      name: 'grant',
      text: `SELECT g.id, g.status, 1000 * extract(epoch FROM r.resolved_at)::float AS decided,
               1000 * extract(epoch FROM g.ending_at)::float AS revoked,
               1000 * extract(epoch FROM (g.denied_probes->>'at')::timestamptz)::float AS denied
             FROM grants g JOIN requests r ON r.id = g.request_id WHERE g.request_id = $1`,
      values: [requestId],
    })
    const [grant] = rows
    if (!grant) throw new Error(`request ${requestId} has no grant`)
    return grant
  }
  /** Waits for that many notifications of a grant. Reads nothing: reading would take time from what is measured. */
  const untilNotified = async (grantId: string, count: number) => {
    const deadline = Date.now() + 30_000
    while ((notifiedAt.get(grantId)?.length ?? 0) < count) {
      if (Date.now() > deadline) throw new Error(`grant ${grantId} did not change within 30 s`)
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, 31_000)
      waiting.set(grantId, resolve)
      await promise
      clearTimeout(timer)
      waiting.delete(grantId)
    }
  }
  /** A grant's status changes four times: pending, active, ending, ended. Each is notified once. */
  const until = async (requestId: string, status: GrantStatus): Promise<GrantRow> => {
    const now = await readGrant(requestId)
    if (now.status === status) return now
    await untilNotified(now.id, grantStatuses.indexOf(status) + 1)
    const then = await readGrant(requestId)
    if (then.status !== status) throw new Error(`request ${requestId} is ${then.status}, not ${status}`)
    return then
  }
  const submission = (entitlement: string) => ({
    ...{ entitlement, cluster: 'prod-eu', namespaces: ['payments'] },
    ...{ reason: 'to measure how fast this is', duration: 'PT30M' },
  })
  const submit = (entitlement: string) => engineer('/requests', submission(entitlement))

  return {
    token,
    decidedGrant: async () => {
      const { id, digest } = await submit('decided')
      await lead(`/requests/${id}/decisions`, { decision: 'approve', digest })
      const active = await until(`${id}`, 'active')
      await lead(`/grants/${active.id}/revoke`, { reason: 'measured' })
      await untilNotified(active.id, 4)
      const ended = await readGrant(`${id}`)
      // The notifications of the four changes: created, active, ending, ended.
      const [createdAt = Number.NaN, activeAt = Number.NaN, , endedAt = Number.NaN] = notifiedAt.get(active.id) ?? []
      const { decided, revoked, denied } = ended
      return {
        grantMs: activeAt - decided,
        committedGrantMs: activeAt - createdAt,
        deniedMs: denied - revoked,
        endMs: endedAt - revoked,
      }
    },
    preview: async () => {
      const began = performance.now()
      const { difference } = await engineer<Preview>('/requests/preview', submission('decided'))
      if (!difference.known) throw new Error(`the difference is unknown: ${difference.why}`)
      return performance.now() - began
    },
    pendingRequest: async () => `${(await submit('decided')).id}`,
    cycle: async () => {
      const { id } = await submit('automatic')
      const grant = await until(`${id}`, 'active')
      await engineer(`/grants/${grant.id}/credentials`)
      await engineer(`/grants/${grant.id}/release`)
      await untilNotified(grant.id, 4)
    },
    close: async () => {
      agent.destroy()
      await listener.end()
      await database.end()
    },
  }
}
