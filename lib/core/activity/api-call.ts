// A call of an API server, as its audit log has it (audit.k8s.io/v1 Event): what Postern keeps of it, and how the same call is
// recognised again.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { credentialIdKey } from '../access/vouched-user.ts'
import { calledResource, type Kind, kindOf } from './kind.ts'

/** The longest texts that are kept. A client chooses most of them, so a longer one is shortened and never a reason to refuse. */
const most = { name: 253, account: 320, agent: 200, uri: 1000, verb: 64, auditId: 64 }

/** The longest body of a changed Role, binding or admission object that is kept, in characters of JSON. */
const longestBody = 32_768

const time = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-11-26T22:10:00.000000Z' })
  .max(40)
  .refine((text) => Date.parse(text) >= Date.UTC(2000) && Date.parse(text) < Date.UTC(2200), 'must be in this century')

/** NB: not strict: an API server of another version may send more. */
const eventSchema = z.object({
  auditID: z.string().min(1),
  stage: z.enum(['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic']),
  requestURI: z.string().default(''),
  verb: z.string().default(''),
  user: z
    .object({ username: z.string().default(''), extra: z.record(z.string(), z.array(z.string())).nullish() })
    .prefault({}),
  impersonatedUser: z.object({ username: z.string().default('') }).nullish(),
  sourceIPs: z.array(z.string()).nullish(),
  userAgent: z.string().nullish(),
  objectRef: z
    .object({
      ...{ apiGroup: z.string().default(''), resource: z.string().default(''), subresource: z.string().default('') },
      ...{ namespace: z.string().default(''), name: z.string().default('') },
    })
    .nullish(),
  responseStatus: z.object({ code: z.int().min(0).max(999).nullish() }).nullish(),
  requestReceivedTimestamp: time,
  stageTimestamp: time,
  annotations: z.record(z.string(), z.string()).nullish(),
  requestObject: z.unknown().optional(),
  responseObject: z.unknown().optional(),
})
type Event = z.infer<typeof eventSchema>

/** Who called, and from where. Many calls have the same source. */
export type CallSource = {
  account: string
  impersonated: string | null
  /** The id of the token with which the account authenticated. */
  credentialId: string | null
  /** The peer of the connection. */
  address: string | null
  /** What the peer, or a proxy before it, claims to forward for. A client can write anything here. */
  forwardedFor: string | null
  userAgent: string | null
}

/** One call, or the begin of one that has not ended. Times are the API server's, with microseconds. */
export type ApiCall = {
  /** Equal for the begin and the end of one call. A UUID made from what the API server knows of it. */
  id: string
  isStart: boolean
  auditId: string
  kind: Kind
  at: string
  /** When it ended; null for the begin of a call. */
  endedAt: string | null
  verb: string
  group: string
  resource: string
  subresource: string
  namespace: string
  name: string
  /** The path of a call that is about no resource. */
  path: string
  /** The query of a call into a pod, which has its command or options. */
  query: string | null
  code: number | null
  /** The changed object, for changes of access or admission only. */
  body: object | null
  source: CallSource
}

/** Why an event is kept aside, and what was readable of it. */
export type RejectedEvent = { reason: string; readable: Record<string, string> }

export type ReadEvent = { call: ApiCall; rejected?: undefined } | { call?: undefined; rejected: RejectedEvent }

/** Text that PostgreSQL can store, of at most this length. */
function storable(text: string, length: number): string {
  const short = text.length > length ? `${text.slice(0, length - 1)}…` : text
  return short.toWellFormed().replaceAll('\0', '\ufffd')
}

function storableJson(value: unknown): unknown {
  if (typeof value === 'string') return storable(value, longestBody)
  if (Array.isArray(value)) return value.map(storableJson)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([key]) => key !== 'managedFields')
  return Object.fromEntries(fields.map(([key, inner]) => [storable(key, most.name), storableJson(inner)]))
}

function bodyOf({ requestObject, responseObject }: Event): object | null {
  const body = responseObject ?? requestObject
  if (typeof body !== 'object' || body === null) return null
  if (JSON.stringify(body).length > longestBody) return null
  return storableJson(body) as object
}

/** A UUID that is the same for the same values. */
export function keyOf(...values: ReadonlyArray<string | null>): string {
  const hex = createHash('sha256').update(JSON.stringify(values)).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

/**
 * NB: `auditID` alone is not enough. A client chooses it (the header `Audit-ID`), and could hide a call behind an earlier one
 * of the same id. What is sent twice is equal in all of these.
 */
const idOf = (cluster: string, { auditID, requestReceivedTimestamp, user, verb, requestURI }: Event) =>
  keyOf(cluster, auditID, requestReceivedTimestamp, user.username, verb, requestURI)

const credentialIdOf = ({ user }: Event): string | null => {
  const id = user.extra?.[credentialIdKey]?.[0]
  if (id === undefined) return null
  return storable(id.startsWith('JTI=') ? id.slice(4) : id, most.name)
}

function sourceOf(event: Event): CallSource {
  const { user, impersonatedUser, sourceIPs, userAgent } = event
  const addresses = sourceIPs ?? []
  const text = (value: string | null | undefined, length: number) => (value ? storable(value, length) : null)
  return {
    account: storable(user.username, most.account),
    impersonated: text(impersonatedUser?.username, most.account),
    credentialId: credentialIdOf(event),
    address: text(addresses.at(-1), most.name),
    forwardedFor: text(addresses.slice(0, -1).join(', '), most.agent),
    userAgent: text(userAgent, most.agent),
  }
}

/** Subresources whose query says what happened in the pod. */
const intoPods: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward', 'proxy', 'log'])

function readable(json: unknown): Record<string, string> {
  if (typeof json !== 'object' || json === null) return {}
  const fields = ['auditID', 'stage', 'verb', 'requestURI', 'requestReceivedTimestamp']
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value: unknown = Object.hasOwn(json, field) ? (json as Record<string, unknown>)[field] : undefined
      return typeof value === 'string' ? [[field, storable(value, most.name)]] : []
    }),
  )
}

/** Reads one event of a cluster's audit log. Never throws. */
export function readEvent(cluster: string, json: unknown): ReadEvent {
  try {
    return readOne(cluster, json)
  } catch (error) {
    // JSON of thousands of levels.
    if (!(error instanceof RangeError)) throw error
    return { rejected: { reason: 'event: is nested too deeply', readable: readable(json) } }
  }
}

function readOne(cluster: string, json: unknown): ReadEvent {
  const parsed = eventSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const place = issue?.path.map(String).join('.') ?? ''
    const reason = storable(`${place || 'event'}: ${issue?.message ?? 'is not an event'}`, most.agent)
    return { rejected: { reason, readable: readable(json) } }
  }
  const event = parsed.data
  const { stage, objectRef, requestURI, responseStatus } = event
  const isStart = stage === 'ResponseStarted' || stage === 'RequestReceived'
  const [path = '', ...query] = requestURI.split('?')
  const resource = calledResource(objectRef)
  const code = responseStatus?.code ?? (stage === 'Panic' ? 500 : null)
  const impersonated = event.impersonatedUser?.username ?? null
  const kind = kindOf({ ...resource, verb: event.verb, account: event.user.username, impersonated, code, path })
  const isChange = kind === 'rbac' || kind === 'admission'
  return {
    call: {
      id: idOf(cluster, event),
      isStart,
      auditId: storable(event.auditID, most.auditId),
      // The same call is sent again once it is answered.
      kind: stage === 'RequestReceived' ? 'received' : kind,
      at: event.requestReceivedTimestamp,
      endedAt: isStart ? null : event.stageTimestamp,
      verb: storable(event.verb, most.verb),
      group: storable(resource.group, most.name),
      resource: storable(resource.resource, most.name),
      subresource: storable(resource.subresource, most.name),
      namespace: storable(resource.namespace, most.name),
      name: storable(resource.name, most.name),
      path: resource.resource === '' ? storable(path, most.name) : '',
      query: intoPods.has(resource.subresource) && query.length > 0 ? storable(query.join('?'), most.uri) : null,
      code,
      body: isChange && !isStart && code !== null && code < 300 ? bodyOf(event) : null,
      source: sourceOf(event),
    },
  }
}
