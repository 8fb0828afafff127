import { z } from 'zod'
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi'
import { type Endpoint, endpoints } from './endpoints.ts'
import { idempotencyKeyPattern } from './idempotency-key.ts'
import { problemDocument, problemType, statuses } from './problem.ts'

// The OpenAPI 3.1 document, generated from the schemas that validate each call and each response.

const refusals: Record<string, string> = {
  400: 'The call can’t be parsed or does not match the schema',
  401: 'No credentials, or a refused token',
  403: 'The caller is not allowed to do this',
  404: 'It does not exist, or the caller may not see it',
  409: 'The state has changed, the digest is outdated, or the Idempotency-Key has been used',
  413: 'The body is larger than 256 KiB; for audit events, 10 MiB',
  415: 'The body is not JSON',
  422: 'The call is valid but refused; the body has every reason',
  429: 'Too many calls',
  503: 'The database or the identity provider is unavailable',
}

function refusalsOf({ method, body, refusedWhen = {} }: Endpoint): string[] {
  // A query can name a person or a cluster, so 404 and 422 are possible even without a path parameter or a body.
  const always = ['400', '401', '403', '404', '422', '429', '503']
  const forBody = body ? ['413', '415'] : []
  const ofState = method === 'POST' || 409 in refusedWhen ? ['409'] : []
  return [...always, ...ofState, ...forBody].sort()
}

const typesOf = (status: string) =>
  Object.entries(statuses).flatMap(([code, one]) => (`${one.status}` === status ? [`\`${problemType(code)}\``] : []))

/** What a refusal of this endpoint means, when it happens although the call matches the schemas, and its problem types. */
const refusalOf = ({ refusedWhen = {} }: Endpoint, status: string) =>
  [refusals[status], ...Object.entries(refusedWhen).flatMap(([of, when]) => (of === status ? [when] : []))]
    .concat(`Problem types: ${typesOf(status).join(', ')}`)
    .map((sentence) => `${sentence}.`)
    .join(' ')

const idempotencyKey = z.string().regex(idempotencyKeyPattern).optional().meta({
  description: 'Any unique text, such as a UUID. Repeating a call with the same key does not perform it twice.',
})

function operationOf(endpoint: Endpoint): ZodOpenApiOperationObject {
  const { operation, summary, description, params, query, body, status, answer, idempotency } = endpoint
  const types = endpoint.types ?? ['application/json']
  return {
    operationId: operation,
    summary,
    ...(endpoint.isForClusters ? { security: [{ cluster: [] }] } : {}),
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
      [`${status}`]: {
        description: 'Success',
        content: Object.fromEntries(types.map((type) => [type, { schema: answer }])),
      },
      ...Object.fromEntries(
        refusalsOf(endpoint).map((code) => [
          code,
          {
            description: refusalOf(endpoint, code),
            content: { 'application/problem+json': { schema: problemDocument } },
          },
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

/** The OpenAPI document of `<publicUrl>/api/v1`. */
export const openApiDocument = (publicUrl: string) =>
  createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'Postern',
        version: '1',
        description:
          'Just-in-time access to Kubernetes. Times are RFC 3339 in UTC, durations are ISO 8601, and IDs are opaque.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: `${publicUrl.replace(/\/$/, '')}/api/v1` }],
      security: [{ bearer: [] }, { session: [] }],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'An access token of the configured identity provider.',
          },
          cluster: {
            type: 'http',
            scheme: 'bearer',
            description: 'The token with which the API server of the cluster sends its audit events.',
          },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'postern.session',
            description: 'The browser’s session. Only Postern’s own pages can make changes with it.',
          },
        },
      },
      paths: paths(),
    },
    {
      override: ({ jsonSchema }) => {
        // The format says what the pattern of every valid time would.
        if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
      },
    },
  )
