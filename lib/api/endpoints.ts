import { z } from 'zod'
import { absenceResource, absenceSchema } from '#lib/core/access/absence'
import { accessAtResource, accessDuringQuery, accessDuringResource } from '#lib/core/access/access-at-resource'
import { accessReviewResource, signOffSchema } from '#lib/core/access/access-review'
import {
  auditImportResource,
  auditImportSchema,
  callKinds,
  callResource,
  grantActivityResource,
  savedEventsResource,
} from '#lib/core/access/activity-resource'
import { auditEventResource } from '#lib/core/access/audit-event-resource'
import { reviewOutcomes } from '#lib/core/access/break-glass'
import { clusterResource } from '#lib/core/access/cluster-resource'
import { commentSchema } from '#lib/core/access/comment'
import { issuedCredentialResource } from '#lib/core/access/credential-resource'
import { secondsOf } from '#lib/core/access/duration'
import { entitlementSchema } from '#lib/core/access/entitlement'
import { entitlementResource } from '#lib/core/access/entitlement-resource'
import {
  explainEachSchema,
  explainQuery,
  explanationList,
  explanationResource,
  mostActions,
} from '#lib/core/access/explanation'
import { grantResource } from '#lib/core/access/grant-resource'
import { type IdKind, idSchema } from '#lib/core/access/ids'
import { eventVerification } from '#lib/core/access/log-resource'
import { meResource } from '#lib/core/access/me-resource'
import {
  noticePreferences,
  noticePreferencesInput,
  noticesResource,
  sendAgainSchema,
  sentAgainResource,
} from '#lib/core/access/notice-resource'
import { pageOf } from '#lib/core/access/page'
import { pasteResource, pasteSchema } from '#lib/core/access/paste-resource'
import { judgeInput, replayInput, replayResource, trialResource } from '#lib/core/access/policy-trial'
import { postureFormat, postureTypes } from '#lib/core/access/posture-export'
import {
  acceptanceSchema,
  baselineSchema,
  postureAcceptance,
  postureResource,
  postureWithdrawal,
  withdrawalSchema,
} from '#lib/core/access/posture-finding'
import { previewResource } from '#lib/core/access/preview-resource'
import { defaultPeriod, reportPeriods, reportResource } from '#lib/core/access/report-resource'
import { decisionSchema, revocationSchema, submissionSchema } from '#lib/core/access/request'
import { requestResource, requestSummary } from '#lib/core/access/request-resource'
import { breakGlassUseResource, reviewSchema, reviewStates } from '#lib/core/access/review'
import { bulkRevocationResource, bulkRevocationSchema } from '#lib/core/access/revocation'
import { severities } from '#lib/core/access/severity'
import { grantStatuses, requestStatuses } from '#lib/core/access/status'
import { auditEventTypes } from '#lib/core/audit/events'
import { exportFormats, exportTypes } from '#lib/core/audit/export-lines'
import { logEntries } from '#lib/core/log/leaf'

// The input and output of each API endpoint. The routes and the OpenAPI document are both built from this table.

/** An endpoint. `operation` is its name in the OpenAPI document; without `body` it reads none. */
export type Endpoint = {
  operation: string
  method: 'GET' | 'POST'
  path: string
  summary: string
  description?: string
  /** Why a call that matches the schemas may be refused with 400 or 422. */
  refusedWhen?: Partial<Record<400 | 409 | 422, string>>
  params: Record<string, z.ZodType>
  query: z.ZodObject
  body?: z.ZodType
  status: 200 | 201
  answer: z.ZodType
  /** The content types of a file; JSON if absent. */
  types?: readonly string[]
  /**
   * A repeated Idempotency-Key returns the first response (`replayed`), or is refused because none is kept (`once`).
   */
  idempotency?: 'replayed' | 'once'
  /** Called by the API server of a cluster with its own token, and by no one else. */
  isForClusters?: true
}

const none = z.strictObject({})
const emptyBody = z.strictObject({}).meta({ id: 'EmptyBody', description: 'No fields; the body may also be absent.' })

const paging = (kind: IdKind) => ({
  cursor: idSchema(kind).optional().meta({ description: 'The `nextCursor` of the previous page.' }),
  limit: z
    .string()
    .regex(/^([1-9]\d?|100)$/, 'must be a whole number from 1 to 100')
    .transform(Number)
    .optional()
    .meta({ description: 'The maximum number of items, from 1 to 100; 50 by default.' }),
})

const requestId = { id: idSchema('request') }
const grantId = { id: idSchema('grant') }

const time = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-11-23T09:00:00Z' })
  .transform((text) => new Date(text).toISOString())

const text = z.string().min(1).max(320)

/** Text that may also be empty. */
const exact = z.string().max(320).optional()

/** Proxies commonly close a connection on which nothing is sent for a minute. */
export const waitQuery = z.strictObject({
  wait: z
    .string()
    .regex(/^PT([1-9]|[1-5]\d)S$/, 'must be a duration from PT1S to PT59S')
    .transform(secondsOf)
    .optional()
    .meta({
      description:
        'Wait up to this long, from `PT1S` to `PT59S`, for as long as the request is pending, or its grant is pending ' +
        'or ending. The response has the state after the wait.',
    }),
})

/** The filter of the history. */
const historyFilter = {
  text: text.optional().meta({
    description:
      'Words of the reason, ticket, entitlement or rules of the request; or the name or e-mail address of the actor.',
  }),
  actor: text.optional().meta({ description: 'Name, e-mail address, subject or ID of the actor.' }),
  cluster: text.optional(),
  namespace: text.optional(),
  request: idSchema('request').optional(),
  grant: idSchema('grant').optional(),
  entitlement: text.optional(),
  resource: text
    .optional()
    .meta({ description: 'A resource in the rules of the request, such as secrets or pods/exec.' }),
  severity: z.enum(severities).optional().meta({ description: 'The severity of the risk of the request.' }),
  type: z.enum(auditEventTypes).optional(),
  from: time.optional(),
  to: time.optional(),
}

const statusAfter = z
  .strictObject({ id: z.string(), status: z.enum(requestStatuses), digest: z.string() })
  .meta({ id: 'RequestState' })

const grantState = z.strictObject({ status: z.enum(grantStatuses) }).meta({ id: 'GrantState' })

const reportQuery = z.strictObject({
  days: z
    .enum(reportPeriods)
    .default(defaultPeriod)
    .meta({ description: 'The last days in UTC, today included; 30 by default.' }),
})

const period = z.strictObject({ from: time, to: time })
const badPeriod = 'The period does not end after it begins, or has more than 400 days'

const packDescription =
  'The zip file has a report for people, the events with their inclusion proofs, the terms and policy versions that they name, the ' +
  'signed checkpoint, and the calls that were made with each grant, which are not in the log. If the connection breaks off, the file is incomplete.'
const notSigned = 'The log has no signed checkpoint, because no key is set'

const define = <const E extends Endpoint>(endpoint: E) => endpoint

export const endpoints = {
  me: define({
    operation: 'me',
    method: 'GET',
    path: '/me',
    summary: 'The caller’s identity',
    params: {},
    query: none,
    status: 200,
    answer: meResource,
  }),
  listEntitlements: define({
    operation: 'listEntitlements',
    method: 'GET',
    path: '/entitlements',
    summary: 'The entitlements that the caller may request',
    params: {},
    query: none,
    status: 200,
    answer: z.strictObject({ items: z.array(entitlementResource) }).meta({ id: 'Entitlements' }),
  }),
  listClusters: define({
    operation: 'listClusters',
    method: 'GET',
    path: '/clusters',
    summary: 'The clusters and their last known state',
    params: {},
    query: none,
    status: 200,
    answer: z.strictObject({ items: z.array(clusterResource) }).meta({ id: 'Clusters' }),
  }),
  getPosture: define({
    operation: 'getPosture',
    method: 'GET',
    path: '/clusters/{cluster}/posture',
    summary: 'Read the risks of the standing access in a cluster, for auditors and admins',
    description:
      'Judged from the Roles, ClusterRoles and bindings that Postern last read. Each finding is about one binding or namespace, with the ' +
      'chain from its subjects to the permissions that are the problem. Accepted and suppressed findings, and the expected ' +
      'permissions of Postern itself, are apart.',
    params: { cluster: entitlementSchema.shape.name },
    query: none,
    status: 200,
    answer: postureResource,
  }),
  exportPosture: define({
    operation: 'exportPosture',
    method: 'GET',
    path: '/clusters/{cluster}/posture/export',
    summary: 'All open findings of a cluster as a file, for auditors and admins: SARIF 2.1.0, or PolicyReport objects',
    description: 'Accepted and suppressed findings are included and marked as such.',
    params: { cluster: entitlementSchema.shape.name },
    query: z.strictObject({ format: postureFormat }),
    status: 200,
    // Not a string: a client may read the JSON of SARIF.
    answer: z.unknown(),
    types: Object.values(postureTypes),
  }),
  receiveAuditEvents: define({
    operation: 'receiveAuditEvents',
    method: 'POST',
    path: '/clusters/{cluster}/audit',
    summary: 'Receive the audit events of a cluster, from the webhook of its API server',
    description:
      'An EventList of `audit.k8s.io/v1`. The response is sent once the events are stored. Sending an event again has no ' +
      'effect. An event that can’t be read is kept aside, and the others are stored.',
    params: { cluster: entitlementSchema.shape.name },
    query: z.strictObject({
      timeout: z.string().max(40).optional().meta({ description: 'Sent by API servers; it has no effect.' }),
      import: idSchema('import').optional().meta({ description: 'The import that these events belong to.' }),
    }),
    body: z.record(z.string(), z.unknown()).meta({ id: 'AuditEventList' }),
    status: 200,
    answer: savedEventsResource,
    isForClusters: true,
  }),
  startAuditImport: define({
    operation: 'startAuditImport',
    method: 'POST',
    path: '/clusters/{cluster}/audit-imports',
    summary: 'Start the import of a log file of the API server of a cluster, as an admin',
    description:
      'Its events are then sent to `/clusters/{cluster}/audit` with the token of the cluster and this `import`, within 24 hours. ' +
      'The calls that had not arrived before are remembered as those that the import brought.',
    params: { cluster: entitlementSchema.shape.name },
    query: none,
    body: auditImportSchema,
    status: 201,
    answer: auditImportResource,
    idempotency: 'replayed',
  }),
  acceptPostureFinding: define({
    operation: 'acceptPostureFinding',
    method: 'POST',
    path: '/clusters/{cluster}/posture/{id}/acceptance',
    summary: 'Accept the risk of a finding until a date, as an admin',
    description:
      'It comes back after that date, or as soon as it says something else. A second acceptance replaces the first.',
    refusedWhen: {
      409: '`digest` is not that of the finding now',
      422: '`until` is not in the future, or later than `posture.longestAcceptance` of postern.yaml permits',
    },
    params: { cluster: entitlementSchema.shape.name, id: idSchema('finding') },
    query: none,
    body: acceptanceSchema,
    status: 201,
    answer: postureAcceptance.meta({ id: 'PostureAcceptance' }),
    idempotency: 'replayed',
  }),
  withdrawPostureAcceptance: define({
    operation: 'withdrawPostureAcceptance',
    method: 'POST',
    path: '/clusters/{cluster}/posture/{id}/acceptance/withdraw',
    summary: 'Withdraw the acceptance of a finding, as an admin',
    description: 'The finding is open again at once.',
    refusedWhen: { 409: 'The risk is not accepted now' },
    params: { cluster: entitlementSchema.shape.name, id: idSchema('finding') },
    query: none,
    body: withdrawalSchema,
    status: 200,
    answer: postureWithdrawal,
    idempotency: 'replayed',
  }),
  takePostureBaseline: define({
    operation: 'takePostureBaseline',
    method: 'POST',
    path: '/clusters/{cluster}/posture/baseline',
    summary: 'Take the posture that the caller saw as the baseline of a cluster, as an admin',
    description: 'Later findings and changes are new: they are notified and counted.',
    refusedWhen: { 409: 'Nothing was read at `judgedAt`, or there is a later baseline' },
    params: { cluster: entitlementSchema.shape.name },
    query: none,
    body: baselineSchema,
    status: 201,
    answer: z.strictObject({ at: z.iso.datetime(), by: z.string() }).meta({ id: 'PostureBaseline' }),
    idempotency: 'replayed',
  }),
  explainAccess: define({
    operation: 'explainAccess',
    method: 'GET',
    path: '/access/explain',
    summary: 'Check whether a person may perform an action, by which binding and role, and what to request if not',
    description:
      'Evaluates the Roles, ClusterRoles and bindings that Postern last read from the cluster. Other authorizers of that ' +
      'cluster may allow more. Callers may check their own access; auditors and admins may check anyone known to Postern.',
    refusedWhen: { 400: 'Neither or both of `resource` and `path` are set', 422: 'The cluster is unknown' },
    params: {},
    query: explainQuery,
    status: 200,
    answer: explanationResource,
  }),
  explainEachAccess: define({
    operation: 'explainEachAccess',
    method: 'POST',
    path: '/access/explain',
    summary: `Check up to ${mostActions} actions on resources, of one person in one cluster. Changes nothing`,
    description: 'Each item is what `GET` responds about that action.',
    refusedWhen: { 422: 'The cluster is unknown' },
    params: {},
    query: none,
    body: explainEachSchema,
    status: 200,
    answer: explanationList,
  }),
  readPaste: define({
    operation: 'readPaste',
    method: 'POST',
    path: '/paste',
    summary: 'What a refusal or a command needs, and which entitlements or own grants allow it. Changes nothing',
    params: {},
    query: none,
    body: pasteSchema,
    status: 200,
    answer: pasteResource,
  }),
  previewRequest: define({
    operation: 'previewRequest',
    method: 'POST',
    path: '/requests/preview',
    summary: 'Preview a request: its verdict, its approvers and the objects it would create. Changes nothing',
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
    summary: 'Submit a request for access',
    refusedWhen: {
      422: 'A limit or a guardrail refuses the request, or its entitlement or cluster is unknown: `errors` has every reason',
    },
    params: {},
    query: none,
    body: submissionSchema,
    status: 201,
    answer: statusAfter,
    idempotency: 'replayed',
  }),
  listRequests: define({
    operation: 'listRequests',
    method: 'GET',
    path: '/requests',
    summary: 'List the caller’s requests, those they may decide, or all that they may see',
    params: {},
    query: z.strictObject({
      role: z.enum(['mine', 'inbox', 'all']).default('mine'),
      status: z.enum(requestStatuses).optional(),
      ...paging('request'),
    }),
    status: 200,
    answer: pageOf(requestSummary).meta({ id: 'RequestPage' }),
  }),
  getRequest: define({
    operation: 'getRequest',
    method: 'GET',
    path: '/requests/{id}',
    summary: 'A request with its verdict, decisions and grant',
    params: requestId,
    query: waitQuery,
    status: 200,
    answer: requestResource,
  }),
  requestEvidence: define({
    operation: 'requestEvidence',
    method: 'GET',
    path: '/requests/{id}/evidence',
    summary:
      'The evidence of a request as a zip file that `postern log verify` verifies without a server, for auditors and admins',
    description: packDescription,
    params: requestId,
    query: none,
    status: 200,
    answer: z.string(),
    types: ['application/zip'],
    refusedWhen: { 409: notSigned, 422: 'The request has too many events' },
  }),
  decideRequest: define({
    operation: 'decideRequest',
    method: 'POST',
    path: '/requests/{id}/decisions',
    summary: 'Approve or deny a request, by the digest of its terms',
    refusedWhen: {
      422: 'The terms are not narrower, a denial narrows them, or a limit or a guardrail refuses them now',
    },
    params: requestId,
    query: none,
    body: decisionSchema,
    status: 201,
    answer: z.strictObject({ status: z.enum(requestStatuses), digest: z.string() }).meta({ id: 'DecisionResult' }),
    idempotency: 'replayed',
  }),
  addComment: define({
    operation: 'addComment',
    method: 'POST',
    path: '/requests/{id}/comments',
    summary: 'Comment on a pending request, as its requester or an approver',
    description:
      'An approver can set `needsInformation`: reminders and escalation then wait until the requester comments.',
    refusedWhen: { 422: 'The requester sets `needsInformation`' },
    params: requestId,
    query: none,
    body: commentSchema,
    status: 201,
    answer: z.strictObject({ id: z.string() }).meta({ id: 'CommentResult' }),
    idempotency: 'replayed',
  }),
  reviewRequest: define({
    operation: 'reviewRequest',
    method: 'POST',
    path: '/requests/{id}/review',
    summary: 'Record whether another person’s break-glass access was justified',
    params: requestId,
    query: none,
    body: reviewSchema,
    status: 201,
    answer: z.strictObject({ outcome: z.enum(reviewOutcomes) }).meta({ id: 'ReviewResult' }),
    idempotency: 'replayed',
  }),
  listReviews: define({
    operation: 'listReviews',
    method: 'GET',
    path: '/reviews',
    summary: 'List break-glass access for its reviewers, auditors and admins: what waits for a review, or was reviewed',
    description: 'Open ones are listed oldest first, reviewed ones newest first.',
    params: {},
    query: z.strictObject({
      state: z
        .enum(reviewStates)
        .default('open')
        .meta({ description: 'Without a review (`open`), or with one; `open` by default.' }),
      ...paging('request'),
    }),
    status: 200,
    answer: pageOf(breakGlassUseResource).meta({ id: 'BreakGlassUsePage' }),
  }),
  withdrawRequest: define({
    operation: 'withdrawRequest',
    method: 'POST',
    path: '/requests/{id}/withdraw',
    summary: 'Withdraw the caller’s own pending request',
    params: requestId,
    query: none,
    body: emptyBody,
    status: 200,
    answer: z.strictObject({ status: z.enum(requestStatuses) }).meta({ id: 'WithdrawalResult' }),
    idempotency: 'replayed',
  }),
  listGrants: define({
    operation: 'listGrants',
    method: 'GET',
    path: '/grants',
    summary: 'List the grants that the caller may see',
    params: {},
    query: z.strictObject({ status: z.enum(grantStatuses).optional(), ...paging('grant') }),
    status: 200,
    answer: pageOf(grantResource).meta({ id: 'GrantPage' }),
  }),
  getGrant: define({
    operation: 'getGrant',
    method: 'GET',
    path: '/grants/{id}',
    summary: 'A grant with its objects in the cluster and the results of its probes',
    params: grantId,
    query: waitQuery,
    status: 200,
    answer: grantResource,
  }),
  getGrantActivity: define({
    operation: 'getGrantActivity',
    method: 'GET',
    path: '/grants/{id}/activity',
    summary: 'What was done with a grant, for its holder, auditors and admins',
    description:
      'From the audit events that the API server of the cluster sends. Equal calls are one group; `GET /activity?grant=…` lists ' +
      'each of them.',
    params: grantId,
    query: none,
    status: 200,
    answer: grantActivityResource,
  }),
  issueCredential: define({
    operation: 'issueCredential',
    method: 'POST',
    path: '/grants/{id}/credentials',
    summary: 'Issue a token for the caller’s own grant; it is returned once and never stored',
    description:
      'The only response that contains a token, so it is never stored: a second call with the same Idempotency-Key is ' +
      'refused (409). A call with another key, or without one, issues another token. Every token ends with its grant at ' +
      'the latest.',
    params: grantId,
    query: none,
    body: emptyBody,
    status: 201,
    answer: issuedCredentialResource,
    idempotency: 'once',
  }),
  revokeGrant: define({
    operation: 'revokeGrant',
    method: 'POST',
    path: '/grants/{id}/revoke',
    summary: 'End another person’s access now',
    params: grantId,
    query: waitQuery,
    body: revocationSchema,
    status: 200,
    answer: grantState,
    idempotency: 'replayed',
  }),
  revokeGrants: define({
    operation: 'revokeGrants',
    method: 'POST',
    path: '/grants/revoke',
    summary: 'End all live access of a person or an entitlement, in a namespace or on a cluster',
    description:
      'Ends the grants that the caller may revoke, as an approver of each or as an admin, at most 500 in one call. The ' +
      'history has one event with the list. Access that is approved later is not affected.',
    refusedWhen: { 422: '`confirm` is not the name' },
    params: {},
    query: none,
    body: bulkRevocationSchema,
    status: 200,
    answer: bulkRevocationResource,
    idempotency: 'replayed',
  }),
  releaseGrant: define({
    operation: 'releaseGrant',
    method: 'POST',
    path: '/grants/{id}/release',
    summary: 'Release the caller’s own access',
    params: grantId,
    query: waitQuery,
    body: emptyBody,
    status: 200,
    answer: grantState,
    idempotency: 'replayed',
  }),
  getAbsence: define({
    operation: 'getAbsence',
    method: 'GET',
    path: '/me/absence',
    summary: 'Read when the caller is out of office, and who is notified instead',
    params: {},
    query: none,
    status: 200,
    answer: absenceResource,
  }),
  setAbsence: define({
    operation: 'setAbsence',
    method: 'POST',
    path: '/me/absence',
    summary: 'Say that the caller is out of office, and name a colleague who is notified instead',
    description: 'It replaces an earlier absence. It changes who is notified, never who may decide.',
    refusedWhen: { 422: 'The times are not one future period of at most 400 days, or the delegate is not a colleague' },
    params: {},
    query: none,
    body: absenceSchema,
    status: 200,
    answer: absenceResource,
    idempotency: 'replayed',
  }),
  endAbsence: define({
    operation: 'endAbsence',
    method: 'POST',
    path: '/me/absence/end',
    summary: 'Say that the caller is back; without an absence nothing happens',
    params: {},
    query: none,
    status: 200,
    answer: absenceResource,
    idempotency: 'replayed',
  }),
  getNoticePreferences: define({
    operation: 'getNoticePreferences',
    method: 'GET',
    path: '/me/notices',
    summary: 'Read which kinds of notices the caller does not want by e-mail, and their quiet hours',
    params: {},
    query: none,
    status: 200,
    answer: noticePreferences,
  }),
  setNoticePreferences: define({
    operation: 'setNoticePreferences',
    method: 'POST',
    path: '/me/notices',
    summary: 'Choose which kinds of notices the caller does not want by e-mail, and their quiet hours',
    description: 'During quiet hours mails wait, except urgent ones and those to someone on call.',
    refusedWhen: { 422: 'The quiet hours end when they begin, or their time zone is unknown' },
    params: {},
    query: none,
    body: noticePreferencesInput,
    status: 200,
    answer: noticePreferences,
    idempotency: 'replayed',
  }),
  listNotices: define({
    operation: 'listNotices',
    method: 'GET',
    path: '/notices',
    summary: 'List notices that are not delivered yet or were given up, for auditors and admins',
    params: {},
    query: none,
    status: 200,
    answer: noticesResource,
  }),
  sendNoticesAgain: define({
    operation: 'sendNoticesAgain',
    method: 'POST',
    path: '/notices/send-again',
    summary: 'Send the notices of a channel again that were given up, as an admin',
    params: {},
    query: none,
    body: sendAgainSchema,
    status: 200,
    answer: sentAgainResource,
    idempotency: 'replayed',
  }),
  listActivity: define({
    operation: 'listActivity',
    method: 'GET',
    path: '/activity',
    summary: 'List calls that the clusters have reported, the last one to arrive first',
    description:
      'All calls for auditors and admins; for everyone else those that were made with their own grants. A call that lasts is one ' +
      'item, without `endedAt` until its end is reported.',
    params: {},
    query: z.strictObject({
      cluster: text.optional(),
      grant: idSchema('grant').optional(),
      account: text.optional().meta({ description: 'The user name that the API server knows.' }),
      address: text.optional(),
      verb: text.optional(),
      resource: exact.meta({ description: 'Such as pods; empty for calls that are about no resource.' }),
      subresource: exact,
      namespace: exact.meta({ description: 'Empty for calls that are about no namespace.' }),
      name: exact.meta({ description: 'Empty for calls that name no object, such as lists.' }),
      kind: z.enum(callKinds).optional(),
      code: z
        .string()
        .regex(/^[1-5]\d\d$/, 'must be an HTTP status such as 403')
        .transform(Number)
        .optional(),
      import: idSchema('import')
        .optional()
        .meta({ description: 'Only calls that had not arrived before this import brought them.' }),
      refused: z
        .enum(['yes', 'no'])
        .optional()
        .meta({ description: 'Only calls that the cluster refused (401 and 403), or only the others.' }),
      from: time.optional(),
      to: time.optional(),
      cursor: z
        .string()
        .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(\.begin)?$/, 'must be a nextCursor')
        .optional()
        .meta({ description: 'The `nextCursor` of the previous page.' }),
      limit: paging('event').limit,
    }),
    status: 200,
    answer: pageOf(callResource).meta({ id: 'CallPage' }),
  }),
  listAuditEvents: define({
    operation: 'listAuditEvents',
    method: 'GET',
    path: '/audit-events',
    summary: 'List audit events: all for auditors and admins, for others those about their own requests',
    params: {},
    query: z.strictObject({ ...historyFilter, ...paging('event') }),
    status: 200,
    answer: pageOf(auditEventResource).meta({ id: 'AuditEventPage' }),
  }),
  exportAuditEvents: define({
    operation: 'exportAuditEvents',
    method: 'GET',
    path: '/audit-events/export',
    summary:
      'The same events as a file, complete and newest first: CSV, or JSON Lines with one event of the API, or of OCSF 1.5.0, in each line',
    description: 'If the connection breaks off, the file is incomplete.',
    params: {},
    query: z.strictObject({ format: z.enum(exportFormats), ...historyFilter }),
    status: 200,
    answer: z.string(),
    types: [...new Set(Object.values(exportTypes))],
  }),
  accessAt: define({
    operation: 'accessAt',
    method: 'GET',
    path: '/access/at',
    summary:
      'Every grant that was live at a moment, with who approved it and its real begin and end, for auditors and admins',
    description: 'Computed from the events, exact to the millisecond. A grant is live from *active* until *ended*.',
    params: {},
    query: z.strictObject({ time, cluster: text.optional(), namespace: text.optional() }),
    status: 200,
    answer: accessAtResource,
  }),
  accessDuring: define({
    operation: 'accessDuring',
    method: 'GET',
    path: '/access/during',
    summary:
      'Every grant that was live at any time of a period, optionally only those that allowed one action, for auditors and admins',
    description:
      'Computed from the events, exact to the millisecond; `to` is exclusive, unless it is the same as `from`. The rules are those that were approved. ' +
      'With an action, `standing` has who could perform it without a grant, by the RBAC objects as Postern read them.',
    refusedWhen: { 422: 'Only one of `verb` and `resource` is set, or the period ends before it begins' },
    params: {},
    query: z.strictObject({ from: time, to: time, ...accessDuringQuery }),
    status: 200,
    answer: accessDuringResource,
  }),
  accessReview: define({
    operation: 'accessReview',
    method: 'GET',
    path: '/access/review',
    summary: 'The access of a period by entitlement and person, with patterns worth a look, for auditors and admins',
    params: {},
    query: period,
    status: 200,
    answer: accessReviewResource,
    refusedWhen: { 422: badPeriod },
  }),
  exportAccessReview: define({
    operation: 'exportAccessReview',
    method: 'GET',
    path: '/access/review/export',
    summary: 'The same as CSV',
    params: {},
    query: period,
    status: 200,
    answer: z.string(),
    types: ['text/csv'],
    refusedWhen: { 422: badPeriod },
  }),
  signOffAccessReview: define({
    operation: 'signOffAccessReview',
    method: 'POST',
    path: '/access/review',
    summary: 'Record that an auditor or admin has reviewed the access of a period, by the digest of the review',
    refusedWhen: { 422: 'The period is not over, does not end after it begins, or is too long' },
    params: {},
    query: none,
    body: signOffSchema,
    status: 201,
    answer: z.strictObject({ digest: z.string() }).meta({ id: 'SignOffResult' }),
    idempotency: 'replayed',
  }),
  periodEvidence: define({
    operation: 'periodEvidence',
    method: 'GET',
    path: '/evidence',
    summary:
      'The evidence of a period, with all its events and every request that had to do with it, for auditors and admins',
    description: packDescription,
    params: {},
    query: period,
    status: 200,
    answer: z.string(),
    types: ['application/zip'],
    refusedWhen: { 409: notSigned, 422: 'The period does not end after it begins, or has more than 50,000 events' },
  }),
  getReport: define({
    operation: 'getReport',
    method: 'GET',
    path: '/reports',
    summary:
      'How long decisions take, grants per day, refusals by guardrail and break-glass access, for auditors, admins and approvers',
    description: 'Approvers read the figures of the requests that their groups may decide.',
    params: {},
    query: reportQuery,
    status: 200,
    answer: reportResource,
  }),
  exportReport: define({
    operation: 'exportReport',
    method: 'GET',
    path: '/reports/export',
    summary: 'The same as CSV, with one measure in each line; times in seconds',
    params: {},
    query: reportQuery,
    status: 200,
    answer: z.string(),
    types: ['text/csv'],
  }),
  verifyEvent: define({
    operation: 'verifyEvent',
    method: 'GET',
    path: '/audit-events/{id}/verification',
    summary: 'Verify an event against the signed log, with its inclusion proof, for auditors and admins',
    params: { id: idSchema('event') },
    query: none,
    status: 200,
    answer: eventVerification,
  }),
  listLogEntries: define({
    operation: 'listLogEntries',
    method: 'GET',
    path: '/log/entries',
    summary: 'Entries of the log in order, each with its event and salt, for auditors and admins',
    description:
      'Up to 256 entries in one page. `postern log verify` reads them all. Checkpoints and hashes are at `/log/checkpoint` and ' +
      '`/log/tile/…`, outside this API (C2SP tlog-tiles).',
    params: {},
    query: z.strictObject({
      from: z
        .string()
        .regex(/^(0|[1-9]\d{0,14})$/, 'must be a whole number from 0')
        .transform(Number)
        .default(0)
        .meta({ description: 'The place of the first entry; 0 by default.' }),
    }),
    status: 200,
    answer: logEntries,
  }),
  replayPolicy: define({
    operation: 'replayPolicy',
    method: 'POST',
    path: '/policy/replay',
    summary: 'List past requests that another policy would judge differently. Changes nothing',
    description:
      'Judges past requests that the caller may see, approved or refused, with the facts recorded at the time. The policy ' +
      'runs within limits of time and memory, one trial per person at a time, and never takes effect.',
    refusedWhen: { 422: 'The policy has a mistake, or exceeds the limits of a trial' },
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
    summary: 'The verdict of a policy on a past request, or on a sample. Changes nothing',
    refusedWhen: { 422: 'The policy or the sample has a mistake, or exceeds the limits of a trial' },
    params: {},
    query: none,
    body: judgeInput,
    status: 200,
    answer: trialResource,
  }),
} as const satisfies Record<string, Endpoint>
