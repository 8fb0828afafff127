import { z } from 'zod'
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi'
import { type Endpoint, endpoints } from './endpoints.ts'
import { problemTypes } from './problem.ts'

// OpenAPI 3.1, made from the schemas that judge each call and shape each answer.

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(problemTypes as [string, ...string[]]),
    errors: z.array(z.object({ pointer: z.string(), message: z.string() })),
    reference: z.string().meta({ description: 'Names this answer in Postern’s log and audit events.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' })

const refusals: Record<string, string> = {
  400: 'Not readable, or not of the shape',
  401: 'Not signed in, or a refused token',
  403: 'Not allowed',
  404: 'Not there, or not yours',
  409: 'The state moved on, another digest, or a used Idempotency-Key',
  413: 'Larger than 256 KiB',
  415: 'Not JSON',
  422: 'Well-formed but refused, with every reason',
  429: 'Too many calls',
  503: 'The database or the identity provider is away',
}

function refusalsOf({ method, body }: Endpoint): string[] {
  // 404 and 422 also where a query names somebody or something.
  const always = ['400', '401', '403', '404', '422', '429', '503']
  const forBody = body ? ['413', '415'] : []
  return [...always, ...(method === 'POST' ? ['409'] : []), ...forBody].sort()
}

const idempotencyKey = z.string().min(1).max(200).optional().meta({
  description: 'Any unique text, such as a UUID. A repeated call with it does nothing twice.',
})

function operationOf(endpoint: Endpoint): ZodOpenApiOperationObject {
  const { operation, summary, description, params, query, body, status, answer, idempotency } = endpoint
  return {
    operationId: operation,
    summary,
    ...(description ? { description } : {}),
    requestParams: {
      ...(Object.keys(params).length ? { path: z.object(params) } : {}),
      ...(Object.keys(query.shape).length ? { query } : {}),
      ...(idempotency ? { header: z.object({ 'Idempotency-Key': idempotencyKey }) } : {}),
    },
    ...(body
      ? { requestBody: { required: !body.safeParse({}).success, content: { 'application/json': { schema: body } } } }
      : {}),
    responses: {
      [`${status}`]: { description: 'Done', content: { 'application/json': { schema: answer } } },
      ...Object.fromEntries(
        refusalsOf(endpoint).map((code) => [
          code,
          { description: refusals[code] ?? '', content: { 'application/problem+json': { schema: problem } } },
        ]),
      ),
    },
  }
}

function paths(): ZodOpenApiPathsObject {
  const found: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  for (const endpoint of Object.values<Endpoint>(endpoints)) {
    found[endpoint.path] = { ...found[endpoint.path], [endpoint.method.toLowerCase()]: operationOf(endpoint) }
  }
  return found
}

/** The description of the API at `<publicUrl>/api/v1`. */
export const openApiDocument = (publicUrl: string) =>
  createDocument({
    openapi: '3.1.1',
    info: {
      title: 'Postern',
      version: '1',
      description: 'Just-in-time access to Kubernetes. Times are RFC 3339 in UTC, durations ISO 8601, ids opaque.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: `${publicUrl.replace(/\/$/, '')}/api/v1` }],
    security: [{ bearer: [] }, { session: [] }],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'From the configured provider.' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'postern.session',
          description: 'The browser’s own session; changes only from Postern’s own pages.',
        },
      },
    },
    paths: paths(),
  })
