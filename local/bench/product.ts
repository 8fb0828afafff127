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
  close(): Promise<void>
}

type GrantRow = {
  id: string
  request_id: string
  status: GrantStatus
  decided: number
  revoked: number
  denied: number
}

type Call = <T = Record<string, string>>(path: string, body?: unknown) => Promise<T>

/** A client of Postern's API that listens to the database for changes of grants, so that waiting costs Postern nothing. */
export async function startProduct(at: { url: string; identity: Identity; databaseUrl: string }): Promise<Product> {
  const source = { ...at.identity, redirectUri: `${at.url}/api/auth/callback/oidc` }
  const callAs = async (person: string): Promise<Call> => {
    const authorization = `Bearer ${await bearerToken(source, person)}`
    return async (path, body = {}) => {
      const response = await fetch(`${at.url}/api/v1${path}`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
      return text ? JSON.parse(text) : {}
    }
  }
  const [engineer, lead] = await Promise.all([callAs('mina'), callAs('priya')])

  const database = new pg.Pool({ connectionString: at.databaseUrl, max: 4 })
  const listener = new pg.Client({ connectionString: at.databaseUrl })
  await listener.connect()
  await listener.query('LISTEN postern_grant')
  // PostgreSQL sends a notification with the commit of each change. The database's clock is also this process's.
  const notifiedAt = new Map<string, number[]>()
  const latest = new Map<string, GrantRow>()
  const waiting = new Map<string, () => void>()
  /** Reads the grant once per change for all waiters: one query per waiter would dominate the measurement. */
  async function refresh(grantId: string) {
    const { rows } = await database.query<GrantRow>(
      `SELECT g.id, g.request_id, g.status, 1000 * extract(epoch FROM r.resolved_at)::float AS decided,
              1000 * extract(epoch FROM g.ending_at)::float AS revoked,
              1000 * extract(epoch FROM (g.denied_probes->>'at')::timestamptz)::float AS denied
       FROM grants g JOIN requests r ON r.id = g.request_id WHERE g.id = $1`,
      [grantId],
    )
    const [now] = rows
    if (!now) return
    const before = latest.get(now.request_id)
    if (before && grantStatuses.indexOf(before.status) > grantStatuses.indexOf(now.status)) return
    latest.set(now.request_id, now)
    waiting.get(now.request_id)?.()
  }
  listener.on('notification', ({ payload = '' }) => {
    const at = performance.timeOrigin + performance.now()
    const before = notifiedAt.get(payload)
    if (before) before.push(at)
    else notifiedAt.set(payload, [at])
    void refresh(payload)
  })
  const until = async (requestId: string, status: GrantStatus) => {
    const deadline = Date.now() + 30_000
    for (;;) {
      const now = latest.get(requestId)
      if (now?.status === status) return now
      if (Date.now() > deadline) throw new Error(`request ${requestId} is ${now?.status}, not ${status}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.set(requestId, resolve)
      const timer = setTimeout(resolve, 31_000)
      await promise
      clearTimeout(timer)
      waiting.delete(requestId)
    }
  }
  const submission = (entitlement: string) => ({
    ...{ entitlement, cluster: 'prod-eu', namespaces: ['payments'] },
    ...{ reason: 'to measure how fast this is', duration: 'PT30M' },
  })
  const submit = (entitlement: string) => engineer('/requests', submission(entitlement))

  return {
    decidedGrant: async () => {
      const { id, digest } = await submit('decided')
      await lead(`/requests/${id}/decisions`, { decision: 'approve', digest })
      const active = await until(`${id}`, 'active')
      await lead(`/grants/${active.id}/revoke`, { reason: 'measured' })
      const ended = await until(`${id}`, 'ended')
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
      await until(`${id}`, 'ended')
    },
    close: async () => {
      await listener.end()
      await database.end()
    },
  }
}
