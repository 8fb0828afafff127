import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { IssuedCredential } from '#lib/core/access/credential-resource'
import type { Page } from '#lib/core/access/page'
import type { RequestResource, RequestSummary } from '#lib/core/access/request-resource'

/** An error response: its status and the problem document's text. */
export class ApiRefusal extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, problem: { code?: string; detail?: string }, what: string) {
    super(`${what}: ${status} ${problem.code ?? ''} ${problem.detail ?? ''}`.trim())
    this.status = status
    this.code = problem.code ?? ''
  }
}

export type Api = {
  get<T>(path: string): Promise<T>
  post<T>(path: string, body?: unknown): Promise<T>
  request(id: string): Promise<RequestResource>
  requests(role: 'mine' | 'inbox' | 'all'): Promise<Page<RequestSummary>>
  credential(grantId: string): Promise<IssuedCredential>
}

/** Postern's API for one person, with their bearer token. `url` is Postern's own address. */
export function apiFor(url: string, token: string): Api {
  async function once(method: string, path: string, body: unknown, key: string): Promise<Response> {
    const headers: Record<string, string> = { authorization: `Bearer ${token}` }
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (body !== undefined && !path.endsWith('/credentials')) headers['idempotency-key'] = key
    return fetch(`${url}/api/v1${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    })
  }

  /** Retries for half a minute while Postern answers 503. */
  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const key = randomUUID()
    const deadline = Date.now() + 30_000
    let answer = await once(method, path, body, key)
    while (answer.status === 503 && Date.now() < deadline) {
      await delay(1000 * Number(answer.headers.get('retry-after') ?? 1))
      answer = await once(method, path, body, key)
    }
    const text = await answer.text()
    if (answer.ok) return (text ? JSON.parse(text) : undefined) as T
    const isProblem = answer.headers.get('content-type')?.includes('json')
    throw new ApiRefusal(
      answer.status,
      isProblem ? JSON.parse(text) : { detail: text.slice(0, 200) },
      `${method} ${path}`,
    )
  }
  return {
    get: (path) => call('GET', path),
    post: (path, body = {}) => call('POST', path, body),
    request: (id) => call('GET', `/requests/${id}`),
    requests: (role) => call('GET', `/requests?role=${role}`),
    credential: (grantId) => call('POST', `/grants/${grantId}/credentials`, {}),
  }
}
