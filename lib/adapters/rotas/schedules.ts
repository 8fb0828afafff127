// The schedules of PagerDuty, Opsgenie and Grafana OnCall, by their documented REST APIs. Everything that they send is untrusted:
// only fields that are read here are used, and only addresses and times of them.

import { z } from 'zod'
import type { Exceptions } from '#lib/adapters/outbound'
import type { ClaimedShift, RotaSource } from '#lib/core/access/rota-source'
import { getJson, RotaUnavailable } from './get.ts'

export type Period = { from: Date; until: Date }
type Read = (period: Period, token: string, exceptions: Exceptions) => Promise<ClaimedShift[]>

/** Pages of a response. A rota with more is none. */
const mostPages = 10

function parsed<T>(schema: z.ZodType<T>, value: unknown, url: URL): T {
  const result = schema.safeParse(value)
  if (!result.success) throw new RotaUnavailable(`${url.host} sent a response that is not a schedule`)
  return result.data
}

const addressOf = (base: string, path: string, query: ReadonlyArray<readonly [string, string]>): URL => {
  const url = new URL(`${base.replace(/\/$/, '')}${path}`)
  for (const [name, value] of query) url.searchParams.append(name, value)
  return url
}

const onCalls = z.object({
  oncalls: z.array(
    z.object({
      escalation_level: z.unknown(),
      user: z.object({ email: z.unknown() }).nullish(),
      // Without a beginning and an end someone is always on call.
      start: z.string().nullish(),
      end: z.string().nullish(),
    }),
  ),
  more: z.boolean().nullish(),
})

/** GET /oncalls, https://developer.pagerduty.com/api-reference/3a6b910f11050-list-all-of-the-on-calls */
const pagerDuty =
  ({ schedule, escalationPolicy, levels, apiUrl }: NonNullable<RotaSource['pagerDuty']>): Read =>
  async ({ from, until }, token, exceptions) => {
    const found: ClaimedShift[] = []
    const which = schedule ? ['schedule_ids[]', schedule] : ['escalation_policy_ids[]', escalationPolicy ?? '']
    for (let page = 0; page < mostPages; page += 1) {
      const url = addressOf(apiUrl, '/oncalls', [
        [which[0] ?? '', which[1] ?? ''],
        ['include[]', 'users'],
        ['since', from.toISOString()],
        ['until', until.toISOString()],
        ['time_zone', 'UTC'],
        ['limit', '100'],
        ['offset', String(page * 100)],
      ])
      const accept = 'application/vnd.pagerduty+json;version=2'
      const answer = await getJson(url.href, { authorization: `Token token=${token}`, accept }, exceptions)
      const { oncalls, more } = parsed(onCalls, answer, url)
      for (const { escalation_level: level, user, start, end } of oncalls) {
        if (levels && !levels.some((one) => one === level)) continue
        found.push({ email: user?.email, from: start ?? from.toISOString(), until: end ?? until.toISOString() })
      }
      if (!more) return found
    }
    throw new RotaUnavailable('PagerDuty sent too many pages')
  }

const timeline = z.object({
  data: z.object({
    finalTimeline: z.object({
      rotations: z.array(
        z.object({
          periods: z
            .array(
              z.object({
                startDate: z.unknown(),
                endDate: z.unknown(),
                recipient: z.object({ type: z.unknown(), name: z.unknown() }).nullish(),
                flattenedRecipients: z.array(z.object({ type: z.unknown(), name: z.unknown() })).nullish(),
              }),
            )
            .nullish(),
        }),
      ),
    }),
  }),
})

/** GET /v2/schedules/{id}/timeline. A user is named by their address; a team by the users in `flattenedRecipients`. */
const opsgenie =
  ({ schedule, apiUrl }: NonNullable<RotaSource['opsgenie']>): Read =>
  async ({ from, until }, token, exceptions) => {
    const days = Math.ceil((until.getTime() - from.getTime()) / 86_400_000)
    const url = addressOf(apiUrl, `/v2/schedules/${encodeURIComponent(schedule)}/timeline`, [
      ['identifierType', 'id'],
      ['interval', String(days)],
      ['intervalUnit', 'days'],
      ['date', from.toISOString().replace(/\.\d+Z$/, 'Z')],
    ])
    const answer = await getJson(url.href, { authorization: `GenieKey ${token}` }, exceptions)
    return parsed(timeline, answer, url).data.finalTimeline.rotations.flatMap(({ periods }) =>
      (periods ?? []).flatMap(({ startDate, endDate, recipient, flattenedRecipients }) =>
        [...(recipient ? [recipient] : []), ...(flattenedRecipients ?? [])]
          .filter(({ type }) => type === 'user')
          .map(({ name }) => ({ email: name, from: startDate, until: endDate })),
      ),
    )
  }

const finalShifts = z.object({
  results: z.array(z.object({ user_email: z.unknown(), shift_start: z.unknown(), shift_end: z.unknown() })),
  next: z.unknown(),
})

/** GET /api/v1/schedules/{id}/final_shifts, https://grafana.com/docs/oncall/latest/oncall-api-reference/schedules/ */
const grafanaOnCall =
  ({ schedule, apiUrl }: NonNullable<RotaSource['grafanaOnCall']>): Read =>
  async ({ from, until }, token, exceptions) => {
    const found: ClaimedShift[] = []
    const day = (time: Date) => time.toISOString().slice(0, 10)
    for (let page = 1; page <= mostPages; page += 1) {
      // NB: not the address in `next`, which the other side chose, and which would get the token.
      const url = addressOf(apiUrl, `/api/v1/schedules/${encodeURIComponent(schedule)}/final_shifts`, [
        ['start_date', day(from)],
        ['end_date', day(until)],
        ['page', String(page)],
      ])
      const { results, next } = parsed(finalShifts, await getJson(url.href, { authorization: token }, exceptions), url)
      for (const shift of results)
        found.push({ email: shift.user_email, from: shift.shift_start, until: shift.shift_end })
      if (!next) return found
    }
    throw new RotaUnavailable('Grafana OnCall sent too many pages')
  }

/** How the schedule of this source is read; null for one that is not a schedule. */
export function scheduleReader(source: RotaSource): { read: Read; tokenVariable: string } | null {
  if (source.pagerDuty) return { read: pagerDuty(source.pagerDuty), ...source.pagerDuty }
  if (source.opsgenie) return { read: opsgenie(source.opsgenie), ...source.opsgenie }
  if (source.grafanaOnCall) return { read: grafanaOnCall(source.grafanaOnCall), ...source.grafanaOnCall }
  return null
}
