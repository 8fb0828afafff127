import { z } from 'zod'
import { auditEventResource } from '#lib/core/access/audit-event-resource'
import { clusterResource } from '#lib/core/access/cluster-resource'
import { issuedCredentialResource } from '#lib/core/access/credential-resource'
import { entitlementResource } from '#lib/core/access/entitlement-resource'
import { explainQuery, explanationResource } from '#lib/core/access/explanation'
import { grantResource } from '#lib/core/access/grant-resource'
import { idSchema } from '#lib/core/access/ids'
import { meResource } from '#lib/core/access/me-resource'
import { pageOf } from '#lib/core/access/page'
import { judgeInput, replayInput, replayResource, trialResource } from '#lib/core/access/policy-trial'
import { previewResource } from '#lib/core/access/preview-resource'
import { decisionSchema, revocationSchema, submissionSchema } from '#lib/core/access/request'
import { requestResource, requestSummary } from '#lib/core/access/request-resource'
import { grantStatuses, requestStatuses } from '#lib/core/access/status'
import { auditEventTypes } from '#lib/core/audit/events'

// What each door of the API takes and answers. The doors are made from this table, and so is the OpenAPI document.

/** A door. `operation` is its name in the OpenAPI document; `body` undefined means that none is taken. */
export type Endpoint = {
  operation: string
  method: 'GET' | 'POST'
  path: string
  summary: string
  description?: string
  params: Record<string, z.ZodType>
  query: z.ZodObject
  body?: z.ZodType
  status: 200 | 201
  answer: z.ZodType
  /** What an Idempotency-Key does: `kept` gives a repeated call the same answer; `once` refuses it, keeping no answer. */
  idempotency?: 'kept' | 'once'
}

const none = z.strictObject({})
const nothing = z.strictObject({}).meta({ id: 'Nothing', description: 'No fields; the body may also be absent.' })

const paging = {
  cursor: z.string().min(1).max(500).optional().meta({ description: '`nextCursor` of the page before.' }),
  limit: z
    .string()
    .regex(/^([1-9]\d?|100)$/, 'must be a whole number from 1 to 100')
    .transform(Number)
    .optional()
    .meta({ description: 'How many at most; 1 to 100.' }),
}

const anId = (prefix: string) => ({ override: { type: 'string' as const, pattern: `^${prefix}_[0-9a-z]{26}$` } })

const requestId = { id: idSchema('request').meta(anId('req')) }
const grantId = { id: idSchema('grant').meta(anId('grt')) }

const time = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-11-23T09:00:00Z' })
  .transform((text) => new Date(text).toISOString())

const text = z.string().min(1).max(320)

const statusAfter = z
  .strictObject({ id: z.string(), status: z.enum(requestStatuses), digest: z.string() })
  .meta({ id: 'RequestState' })

const grantState = z.strictObject({ status: z.enum(grantStatuses) }).meta({ id: 'GrantState' })

const define = <const E extends Endpoint>(endpoint: E) => endpoint

export const endpoints = {
  me: define({
    operation: 'me',
    method: 'GET',
    path: '/me',
    summary: 'Who the server thinks I am',
    params: {},
    query: none,
    status: 200,
    answer: meResource,
  }),
  listEntitlements: define({
    operation: 'listEntitlements',
    method: 'GET',
    path: '/entitlements',
    summary: 'What I may ask for',
    params: {},
    query: none,
    status: 200,
    answer: z.strictObject({ items: z.array(entitlementResource) }).meta({ id: 'Entitlements' }),
  }),
  listClusters: define({
    operation: 'listClusters',
    method: 'GET',
    path: '/clusters',
    summary: 'The clusters, as last seen',
    params: {},
    query: none,
    status: 200,
    answer: z.strictObject({ items: z.array(clusterResource) }).meta({ id: 'Clusters' }),
  }),
  explainAccess: define({
    operation: 'explainAccess',
    method: 'GET',
    path: '/access/explain',
    summary: 'May somebody do one thing in a cluster, by which binding and role, and what to ask for if not',
    description:
      'By the Roles, ClusterRoles and bindings that Postern last read of the cluster. Other authorizers of that cluster ' +
      'may allow more. People ask about themselves; auditors and admins about anybody whom Postern knows.',
    params: {},
    query: explainQuery,
    status: 200,
    answer: explanationResource,
  }),
  previewRequest: define({
    operation: 'previewRequest',
    method: 'POST',
    path: '/requests/preview',
    summary: 'What a request would meet; changes nothing',
    params: {},
    query: none,
    body: submissionSchema,
    status: 200,
    answer: previewResource,
  }),
  submitRequest: define({
    operation: 'submitRequest',
    method: 'POST',
    path: '/requests',
    summary: 'Ask for access',
    params: {},
    query: none,
    body: submissionSchema,
    status: 201,
    answer: statusAfter,
    idempotency: 'kept',
  }),
  listRequests: define({
    operation: 'listRequests',
    method: 'GET',
    path: '/requests',
    summary: 'Requests: mine, those I may decide, or all that I may see',
    params: {},
    query: z.strictObject({
      role: z.enum(['mine', 'inbox', 'all']).default('mine'),
      status: z.enum(requestStatuses).optional(),
      ...paging,
    }),
    status: 200,
    answer: pageOf(requestSummary).meta({ id: 'RequestPage' }),
  }),
  getRequest: define({
    operation: 'getRequest',
    method: 'GET',
    path: '/requests/{id}',
    summary: 'One request with its verdict, decisions and grant',
    params: requestId,
    query: none,
    status: 200,
    answer: requestResource,
  }),
  decideRequest: define({
    operation: 'decideRequest',
    method: 'POST',
    path: '/requests/{id}/decisions',
    summary: 'Approve or deny what the digest names',
    params: requestId,
    query: none,
    body: decisionSchema,
    status: 201,
    answer: z.strictObject({ status: z.enum(requestStatuses), digest: z.string() }).meta({ id: 'DecisionResult' }),
    idempotency: 'kept',
  }),
  withdrawRequest: define({
    operation: 'withdrawRequest',
    method: 'POST',
    path: '/requests/{id}/withdraw',
    summary: 'Take back my request while it is pending',
    params: requestId,
    query: none,
    body: nothing,
    status: 200,
    answer: z.strictObject({ status: z.enum(requestStatuses) }).meta({ id: 'WithdrawalResult' }),
    idempotency: 'kept',
  }),
  listGrants: define({
    operation: 'listGrants',
    method: 'GET',
    path: '/grants',
    summary: 'Grants that I may see',
    params: {},
    query: z.strictObject({ status: z.enum(grantStatuses).optional(), ...paging }),
    status: 200,
    answer: pageOf(grantResource).meta({ id: 'GrantPage' }),
  }),
  getGrant: define({
    operation: 'getGrant',
    method: 'GET',
    path: '/grants/{id}',
    summary: 'One grant, its objects in the cluster and what the cluster answered',
    params: grantId,
    query: none,
    status: 200,
    answer: grantResource,
  }),
  issueCredential: define({
    operation: 'issueCredential',
    method: 'POST',
    path: '/grants/{id}/credentials',
    summary: 'A token for a grant that I hold; shown once, kept nowhere',
    description:
      'The only answer that holds a token, so it is never kept: a second call with the same Idempotency-Key is refused ' +
      '(409). A call with another key, or with none, gives another token; each ends with the grant at the latest.',
    params: grantId,
    query: none,
    body: nothing,
    status: 201,
    answer: issuedCredentialResource,
    idempotency: 'once',
  }),
  revokeGrant: define({
    operation: 'revokeGrant',
    method: 'POST',
    path: '/grants/{id}/revoke',
    summary: 'End somebody’s access now',
    params: grantId,
    query: none,
    body: revocationSchema,
    status: 200,
    answer: grantState,
    idempotency: 'kept',
  }),
  releaseGrant: define({
    operation: 'releaseGrant',
    method: 'POST',
    path: '/grants/{id}/release',
    summary: 'Give back access that I hold',
    params: grantId,
    query: none,
    body: nothing,
    status: 200,
    answer: grantState,
    idempotency: 'kept',
  }),
  listAuditEvents: define({
    operation: 'listAuditEvents',
    method: 'GET',
    path: '/audit-events',
    summary: 'What happened: auditors see all, others what is about them',
    params: {},
    query: z.strictObject({
      actor: text.optional().meta({ description: 'Name, e-mail, subject or id of who acted.' }),
      cluster: text.optional(),
      namespace: text.optional(),
      request: idSchema('request').meta(anId('req')).optional(),
      grant: idSchema('grant').meta(anId('grt')).optional(),
      type: z.enum(auditEventTypes).optional(),
      from: time.optional(),
      to: time.optional(),
      ...paging,
    }),
    status: 200,
    answer: pageOf(auditEventResource).meta({ id: 'AuditEventPage' }),
  }),
  replayPolicy: define({
    operation: 'replayPolicy',
    method: 'POST',
    path: '/policy/replay',
    summary: 'Which of the last asks another policy would judge differently; changes nothing',
    description:
      'Judges what was asked for, granted or refused, as far as you may see it, with the facts it had then. The policy is ' +
      'tried within limits of time and memory, one at a time for each person, and comes into force nowhere.',
    params: {},
    query: none,
    body: replayInput,
    status: 200,
    answer: replayResource,
  }),
  judgePolicy: define({
    operation: 'judgePolicy',
    method: 'POST',
    path: '/policy/judge',
    summary: 'What a policy says of one past ask, or of a sample; changes nothing',
    params: {},
    query: none,
    body: judgeInput,
    status: 200,
    answer: trialResource,
  }),
} as const satisfies Record<string, Endpoint>
