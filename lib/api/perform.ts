import type { z } from 'zod'
import { checkRefusals, countRefusal, takeCall, takePerMinute } from '#lib/adapters/auth/rate-limit'
import { currentPolicy } from '#lib/adapters/policy/current'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError, type ErrorCode, notFound } from '#lib/core/access/errors'
import { log } from '#lib/observability/log'
import { metrics } from '#lib/observability/metrics'
import { newReference } from '#lib/observability/reference'
import { alignResponse } from './constant-time.ts'
import type { Endpoint } from './endpoints.ts'
import { type Turn, takeTurn } from './in-progress.ts'
import { publicError, statusOf } from './problem.ts'
import { checkBody } from './read-input.ts'
import { unlessUnavailable } from './unless-unavailable.ts'

// One entrance for every operation, whether a route of the API or a page calls it: the same rate limit, checks, aligned
// response time, metrics, log lines and sentences. lib/api/handle.ts adds what belongs to HTTP.

type Fields<T> = { [K in keyof T]: T[K] extends z.ZodType ? z.output<T[K]> : never }

/** The arguments of an operation: the caller and the checked input. */
export type Call<E extends Endpoint> = {
  actor: PersonActor
  params: Fields<E['params']>
  query: z.output<E['query']>
  body: E['body'] extends z.ZodType ? z.output<E['body']> : undefined
}
export type Operation<E extends Endpoint> = (call: Call<E>) => Promise<z.input<E['answer']>>

/** The log line of a call in the making. */
export type CallRecord = { reference: string; personId?: string }

export type Performed<T> = { value: T; error: null } | { value: null; error: AppError }

/** Checks the ids in a path. A malformed id gets the same answer as one that does not exist. */
export function checkParams<E extends Endpoint>(endpoint: E, sent: Record<string, unknown>): Fields<E['params']> {
  return Object.fromEntries(
    Object.entries(endpoint.params).map(([name, schema]) => {
      const parsed = schema.safeParse(sent[name])
      if (!parsed.success) throw notFound()
      return [name, parsed.data]
    }),
  ) as Fields<E['params']>
}

/**
 * Admits a recognised caller: within their rate limit, and when it is this call's turn among those of the same person.
 * @param isPageRead reads for a page have no turn, because browsers prefetch many pages at once
 */
type Admit = (actor: PersonActor, isPageRead?: boolean) => Promise<void>

/**
 * The refusals of a change that the history records. What does not exist counts as well, although it is not recorded: or
 * else the limit would tell it from what the caller may not see.
 */
const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'forbidden',
  'not-found',
  'conflict',
  'digest-mismatch',
  'invalid',
  'guardrail-violation',
])

/** Operations that a person may perform a number of times per minute. */
const perMinute: Record<string, 'submission' | 'credential'> = {
  submitRequest: 'submission',
  issueCredential: 'credential',
}

/**
 * Runs one call and records it. Every error becomes an AppError: a known one as it is, any other as `internal`, with
 * its cause in the log under the reference. `not-found` is answered at an aligned time.
 */
export async function perform<T>(
  endpoint: Pick<Endpoint, 'operation' | 'method' | 'status' | 'idempotency'>,
  record: CallRecord,
  work: (admit: Admit) => Promise<T>,
): Promise<Performed<T>> {
  const { operation } = endpoint
  const began = performance.now()
  let turn: Turn | undefined
  let isOver = false
  const admit: Admit = async ({ person }, isPageRead = false) => {
    record.personId = person.id
    takeCall('person', person.id)
    // Each attempt costs an event in the history, also one that is refused.
    if (endpoint.idempotency) checkRefusals(person.id)
    const kind = perMinute[operation]
    if (kind) takePerMinute(kind, person.id, currentPolicy().configuration.limits.submissionsPerMinute)
    // While the database does not respond, the call can be over before its caller is known. Nothing would end the turn.
    if (isPageRead || isOver) return
    turn = takeTurn(person.id)
    await turn.begins
  }
  let performed: Performed<T>
  try {
    performed = { value: await unlessUnavailable(work(admit)), error: null }
  } catch (thrown) {
    const error = publicError(thrown)
    metrics().refusals.inc({ kind: error.code })
    if (error.code === 'internal') log.error({ ...record, err: thrown }, `${operation} failed`)
    if (error.code === 'unavailable') log.warn({ ...record, err: thrown }, `${operation} is not available`)
    if (endpoint.idempotency && record.personId && refusals.has(error.code)) countRefusal(record.personId)
    if (error.code === 'not-found') await alignResponse(began)
    performed = { value: null, error }
  } finally {
    isOver = true
    turn?.end()
  }
  const ms = performance.now() - began
  const status = performed.error ? statusOf(performed.error.code) : endpoint.status
  const { calls, callSeconds } = metrics()
  calls.inc({ operation, status })
  callSeconds.observe({ operation }, ms / 1000)
  const line = { ...record, operation, status, ms: Math.round(ms) }
  if (endpoint.method === 'GET' && status < 400) log.debug(line, 'read')
  else log.info(line, 'call')
  return performed
}

/** Input that is not checked yet. */
export type Sent = { params?: Record<string, unknown>; body?: unknown }

/** Performs a call of a page or of one of its actions. `identify` finds the caller: null without a session. */
export async function performForPage<E extends Endpoint, T extends z.input<E['answer']>>(
  endpoint: E,
  identify: () => Promise<PersonActor | null>,
  sent: Sent,
  operation: (call: Call<E>) => Promise<T>,
): Promise<Performed<T> & { reference: string }> {
  const record: CallRecord = { reference: newReference() }
  const performed = await perform(endpoint, record, async (admit) => {
    const actor = await identify()
    if (!actor) throw new AppError('unauthenticated', 'Your session has ended. Sign in again, then retry.')
    record.reference = actor.origin.reference
    await admit(actor, endpoint.method === 'GET')
    const params = checkParams(endpoint, sent.params ?? {})
    const query = endpoint.query.parse({}) as Call<E>['query']
    const body = (endpoint.body && checkBody(sent.body ?? {}, endpoint.body)) as Call<E>['body']
    return operation({ actor, params, query, body })
  })
  return { ...performed, reference: record.reference }
}
