import pg from 'pg'
import type { Preview } from '#lib/core/access/preview-resource'
import { type GrantStatus, grantStatuses } from '#lib/core/access/status'
import type { Identity } from '#local/parts/identity'
import { bearerToken } from '#local/parts/sign-in'

export type Product = {
  /**
   * One request, decided by a lead, active, revoked, ended. Milliseconds from the moment that the database recorded for
   * the decision and for the wish to end (before either was committed) until the commit of *active* and of *ended* was
   * heard here. `heardGrantMs`: the same from the moment that the commit of the decision was heard here; `deniedMs`: from
   * the wish to end until the worker had the cluster's denial, which is before *ended* is committed.
   */
  decidedGrant(): Promise<{ grantMs: number; heardGrantMs: number; deniedMs: number; endMs: number }>
  /** Milliseconds for the dry run of a request. @throws Error where what is new in it is not known */
  preview(): Promise<number>
  /** The id of a request that waits for a decision. */
  pendingRequest(): Promise<string>
  /** One request that needs nobody, its token, its release and its verified end. */
  cycle(): Promise<void>
  close(): Promise<void>
}

type Seen = { id: string; request_id: string; status: GrantStatus; decided: number; wished: number; denied: number }

type Call = <T = Record<string, string>>(path: string, body?: unknown) => Promise<T>

/** A client of Postern's API that waits for grants by listening to the database, so that waiting costs the product nothing. */
export async function startProduct(at: { url: string; identity: Identity; databaseUrl: string }): Promise<Product> {
  const source = { ...at.identity, redirectUri: `${at.url}/api/auth/callback/oidc` }
  const callAs = async (person: string): Promise<Call> => {
    const authorization = `Bearer ${await bearerToken(source, person)}`
    return async (path, body = {}) => {
      const answer = await fetch(`${at.url}/api/v1${path}`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
      return text ? JSON.parse(text) : {}
    }
  }
  const [engineer, lead] = await Promise.all([callAs('mina'), callAs('priya')])

  const database = new pg.Pool({ connectionString: at.databaseUrl, max: 4 })
  const listener = new pg.Client({ connectionString: at.databaseUrl })
  await listener.connect()
  await listener.query('LISTEN postern_grant')
  // Each change of a grant is notified with its commit. The clock is the database's: one machine.
  const heard = new Map<string, number[]>()
  const seen = new Map<string, Seen>()
  const waiting = new Map<string, () => void>()
  /** One look for each change, whoever waits: a look of every waiter at every change would be most of what is measured. */
  async function look(grantId: string) {
    const { rows } = await database.query<Seen>(
      `SELECT g.id, g.request_id, g.status, 1000 * extract(epoch FROM r.resolved_at)::float AS decided,
              1000 * extract(epoch FROM g.ending_at)::float AS wished,
              1000 * extract(epoch FROM (g.denied_probes->>'at')::timestamptz)::float AS denied
       FROM grants g JOIN requests r ON r.id = g.request_id WHERE g.id = $1`,
      [grantId],
    )
    const [now] = rows
    if (!now) return
    const before = seen.get(now.request_id)
    if (before && grantStatuses.indexOf(before.status) > grantStatuses.indexOf(now.status)) return
    seen.set(now.request_id, now)
    waiting.get(now.request_id)?.()
  }
  listener.on('notification', ({ payload = '' }) => {
    const at = performance.timeOrigin + performance.now()
    const before = heard.get(payload)
    if (before) before.push(at)
    else heard.set(payload, [at])
    void look(payload)
  })
  const until = async (requestId: string, status: GrantStatus) => {
    const deadline = Date.now() + 30_000
    for (;;) {
      const now = seen.get(requestId)
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
    ...{ reason: 'to see how fast this is', duration: 'PT30M' },
  })
  const ask = (entitlement: string) => engineer('/requests', submission(entitlement))

  return {
    decidedGrant: async () => {
      const { id, digest } = await ask('decided')
      await lead(`/requests/${id}/decisions`, { decision: 'approve', digest })
      const active = await until(`${id}`, 'active')
      await lead(`/grants/${active.id}/revoke`, { reason: 'measured' })
      const ended = await until(`${id}`, 'ended')
      const [made = Number.NaN, began = Number.NaN, , over = Number.NaN] = heard.get(active.id) ?? []
      const { decided, wished, denied } = ended
      return { grantMs: began - decided, heardGrantMs: began - made, deniedMs: denied - wished, endMs: over - wished }
    },
    preview: async () => {
      const began = performance.now()
      const { difference } = await engineer<Preview>('/requests/preview', submission('decided'))
      if (!difference.known) throw new Error(`what is new is not known: ${difference.why}`)
      return performance.now() - began
    },
    pendingRequest: async () => `${(await ask('decided')).id}`,
    cycle: async () => {
      const { id } = await ask('automatic')
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
