// What an API server reports of the calls made to it.
import { z } from 'zod'
import { prose } from './request.ts'
import { time } from './resource-fields.ts'

/**
 * `rbac`, `admission`: a change of access or of admission. `token`: someone requested a token or a certificate. `secret`: a
 * secret was read or changed. `postern`: a change in Postern's own namespaces. `authentication`: the caller could not be
 * identified. `grant`: any other call of a grant's account.
 */
export const callKinds = ['grant', 'rbac', 'admission', 'token', 'secret', 'postern', 'authentication'] as const
export type CallKind = (typeof callKinds)[number]

/**
 * `impersonated`: someone else acted as the grant's account. `not-issued`: a token that Postern never issued, so someone
 * requested it from the cluster. `after-end`: the cluster accepted a token of a grant that had ended.
 */
export const suspicions = ['impersonated', 'not-issued', 'after-end'] as const
export type Suspicion = (typeof suspicions)[number]

const text = z.string()

const called = {
  verb: text,
  group: text.meta({ description: 'Empty for the core group.' }),
  resource: text.meta({ description: 'Empty for a call that is about no resource.' }),
  subresource: text,
  namespace: text,
  name: text,
  path: text.meta({ description: 'The path of a call that is about no resource; otherwise empty.' }),
}

const code = z.int().nullable().meta({ description: 'The HTTP status of the response; null if it is not known.' })

const feed = z
  .strictObject({
    firstAt: time.meta({ description: 'From then on the calls that the cluster has reported are known.' }),
    newestAt: time.meta({ description: 'The newest call that the cluster has reported.' }),
    receivedAt: time,
    removedBefore: time.nullable().meta({
      description: 'Calls before this time were removed because of their age (`activity.keep`); null if none were.',
    }),
  })
  .meta({ id: 'ActivityFeed', description: 'The audit events that a cluster sends.' })
export type ActivityFeed = z.infer<typeof feed>

const callGroup = z
  .strictObject({
    ...called,
    kind: z.enum(callKinds),
    code,
    count: z.int(),
    firstAt: time,
    lastAt: time,
  })
  .meta({ id: 'CallGroup' })
export type CallGroup = z.infer<typeof callGroup>

const callSource = z
  .strictObject({
    account: text,
    impersonated: text.nullable(),
    credentialId: text.nullable().meta({ description: 'The `jti` of the token.' }),
    isIssued: z.boolean().meta({ description: 'Postern issued this token under this grant.' }),
    address: text.nullable(),
    forwardedFor: text.nullable().meta({ description: 'Claimed by the client or a proxy.' }),
    userAgent: text.nullable(),
    count: z.int(),
    firstAt: time,
    lastAt: time,
  })
  .meta({ id: 'CallSource' })
export type CallSource = z.infer<typeof callSource>

const lastingCall = z
  .strictObject({
    ...called,
    query: text.nullable().meta({ description: 'The query, which has the command or the options.' }),
    code,
    at: time,
    endedAt: time.nullable().meta({ description: 'Null if no end was reported.' }),
    outlived: z.boolean().meta({ description: 'It went on after the grant had ended, or its end was not reported.' }),
  })
  .meta({ id: 'LastingCall' })
export type LastingCall = z.infer<typeof lastingCall>

export const grantActivityResource = z
  .strictObject({
    grantId: text,
    cluster: text,
    feed: feed.nullable().meta({ description: 'Null if the cluster sends no audit events.' }),
    count: z.int(),
    refused: z.int().meta({ description: 'Calls that the cluster refused (401 and 403).' }),
    secrets: z.int().meta({ description: 'Successful calls that are about secrets.' }),
    afterEnd: z.int().meta({ description: 'Calls after the grant had ended.' }),
    firstAt: time.nullable(),
    lastAt: time.nullable(),
    groups: z.array(callGroup).meta({ description: 'Equal calls, the most frequent first; at most 200.' }),
    moreGroups: z.boolean(),
    sources: z.array(callSource).meta({
      description: 'Tokens, addresses and programs, those with a token that Postern did not issue first; at most 50.',
    }),
    moreSources: z.boolean(),
    lasting: z.array(lastingCall).meta({ description: 'Calls that last, such as watch and exec; the newest 50.' }),
    moreLasting: z.boolean(),
    created: z.array(z.strictObject({ group: text, resource: text, namespace: text, name: text, at: time })).meta({
      description:
        'Objects that were created and not deleted with this grant, without a name if it was generated; at most 50.',
    }),
    moreCreated: z.boolean(),
  })
  .meta({ id: 'GrantActivity' })
export type GrantActivity = z.infer<typeof grantActivityResource>

export const callResource = z
  .strictObject({
    id: text,
    cluster: text,
    at: time,
    endedAt: time.nullable().meta({ description: 'Null for the begin of a call that lasts.' }),
    kind: z.enum(callKinds),
    ...called,
    query: text.nullable(),
    code,
    account: text,
    impersonated: text.nullable(),
    grantId: text.nullable(),
    requestId: text.nullable(),
    credentialId: text.nullable(),
    address: text.nullable(),
    forwardedFor: text.nullable(),
    userAgent: text.nullable(),
    auditId: text.meta({ description: 'As in the audit log of the API server. A client may have chosen it.' }),
    isByPostern: z.boolean().nullable().meta({
      description: 'The account is Postern’s own in that cluster; null if that is not known.',
    }),
    body: z.unknown().meta({ description: 'The changed object, for changes of access and admission; otherwise null.' }),
  })
  .meta({ id: 'Call' })
export type CallResource = z.infer<typeof callResource>

/** How many calls were made in one part of a time range. Times are RFC 3339, and `to` is exclusive. */
export type CallsInTime = {
  from: string
  to: string
  /** Every call that was not refused, also one that failed. */
  allowed: number
  /** 401 */
  unidentified: number
  /** 403 */
  forbidden: number
}

/** Calls that are known not to have arrived, and times of which nothing is known. Times are RFC 3339. */
export type ActivityGaps = {
  filled: Array<{
    importId: string
    cluster: string
    firstAt: string
    lastAt: string
    count: number
    file: string
    by: string
    at: string
  }>
  silences: Array<{ cluster: string; from: string; to: string; isOngoing: boolean; usualSeconds: number }>
}

/** A filter for calls; absent fields match everything. Times are RFC 3339, and `to` is exclusive. */
export type CallFilter = {
  cluster?: string
  grant?: string
  account?: string
  address?: string
  verb?: string
  resource?: string
  subresource?: string
  namespace?: string
  name?: string
  kind?: CallKind
  code?: number
  /** Only calls that had not arrived before this import brought them. */
  import?: string
  /** Only calls that the cluster refused (401 and 403), or only the others. */
  refused?: 'yes' | 'no'
  from?: string
  to?: string
}

export const savedEventsResource = z
  .strictObject({
    kept: z.int(),
    counted: z.int().meta({ description: 'Calls that are only counted.' }),
    duplicates: z.int(),
    rejected: z.int().meta({ description: 'Events that could not be read, which are kept aside.' }),
    keptFrom: time
      .nullable()
      .meta({ description: 'When the first of the kept calls was made; null if none was kept.' }),
    keptTo: time.nullable(),
  })
  .meta({ id: 'SavedAuditEvents' })
export type SavedEvents = z.infer<typeof savedEventsResource>

export const auditImportSchema = z
  .strictObject({
    file: prose(200, 'must be the name of the file').meta({ description: 'The name of the log file, for the record.' }),
  })
  .meta({ id: 'AuditImportInput' })
export type AuditImportInput = z.infer<typeof auditImportSchema>

export const auditImportResource = z
  .strictObject({ id: text.meta({ description: 'Send it as `import` with the events.' }) })
  .meta({ id: 'AuditImport' })
export type AuditImport = z.infer<typeof auditImportResource>
