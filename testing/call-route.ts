import { expect } from 'vitest'
import type { Endpoint } from '#lib/api/endpoints'
import type { Handler } from '#lib/api/handle'
import { testUrl } from './identity.ts'

/** The exports of a route file: a handler for each method. */
export type RouteModule = Record<string, Handler>

// biome-ignore lint/suspicious/noExplicitAny: a response has no type; tests say what they expect of it.
export type RouteResponse = { status: number; headers: Headers; body: any }

type Call = {
  method?: string
  /** The path as a client sends it. */
  path: string
  params?: Record<string, string>
  token?: string
  body?: unknown
  headers?: Record<string, string>
}

/** Calls a route handler as a client does: a request with headers and text, a response with status and text. */
export async function callRoute(
  route: RouteModule,
  { method = 'GET', path, params = {}, token, body, headers = {} }: Call,
): Promise<RouteResponse> {
  const handler = route[method]
  if (!handler) throw new Error(`the route has no ${method}`)
  const request = new Request(`${testUrl}${path}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  })
  const response = await handler(request, { params: Promise.resolve(params) })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null }
}

/** The response is a success with exactly the shape that the API's description has. */
export function expectSuccess(response: RouteResponse, endpoint: Endpoint) {
  expect(response.status, JSON.stringify(response.body)).toBe(endpoint.status)
  const parsed = endpoint.answer.safeParse(response.body)
  expect(parsed.error?.issues ?? []).toEqual([])
  expect(response.headers.get('cache-control')).toBe('no-store')
}

/** The response is a problem document (RFC 9457) with this status and code. */
export function expectProblem(response: RouteResponse, status: number, code: string) {
  expect([response.status, response.body?.code], JSON.stringify(response.body)).toEqual([status, code])
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.body).toMatchObject({ status, type: `urn:postern:problem:${code}` })
  expect(response.body.detail).toMatch(/^\S.*[.)]$/s)
  expect(response.body.reference).toMatch(/^[0-9a-z]{8,12}$/)
}
