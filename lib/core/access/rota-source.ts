// Rotas that are kept outside of Postern: where they come from, and what was last read of them.
import { z } from 'zod'
import { mailboxOf } from './same-person.ts'

/** Secrets come from the environment. NB: with any other name a configuration could send another secret of the process. */
const variable = z
  .string()
  .regex(/^POSTERN_ROTA_[A-Z0-9_]{1,80}$/, 'must be the name of a variable that begins with POSTERN_ROTA_')

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Why this URL can't be read; null if it can. A token must not travel in clear text. */
export function whyNotReadable(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !['https:', 'http:'].includes(url.protocol))
    return 'must be a URL such as https://calendar.example.com/oncall.ics'
  if (url.username || url.password) return 'must not contain a user name or a password'
  if (url.protocol === 'http:' && !loopback.has(url.hostname))
    return 'must use https; plain http is allowed only on loopback'
  return null
}

const address = z
  .string()
  .max(2000)
  .superRefine((text, context) => {
    const message = whyNotReadable(text)
    if (message) context.addIssue({ code: 'custom', message })
  })

const apiUrl = (example: string) => address.default(example).meta({ description: 'The address of the API.' })
const id = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be an ID: letters, digits, dashes and underscores')
const tokenVariable = variable.meta({ description: 'The name of the environment variable that contains the token.' })

const calendar = z
  .strictObject({
    url: address.optional(),
    urlVariable: variable.optional().meta({
      description: 'The name of the environment variable that contains the URL, if the URL contains a secret.',
    }),
    file: z.string().max(4096).regex(/^\//, 'must be an absolute path such as /etc/postern/oncall.ics').optional(),
  })
  .refine(({ url, urlVariable, file }) => [url, urlVariable, file].filter((one) => one !== undefined).length === 1, {
    message: 'set exactly one of url, urlVariable or file',
  })

const pagerDuty = z
  .strictObject({
    schedule: id.optional(),
    escalationPolicy: id.optional(),
    levels: z
      .array(z.int().min(1).max(20))
      .min(1)
      .optional()
      .meta({ description: 'Only these levels of the escalation policy; all if absent.' }),
    tokenVariable,
    apiUrl: apiUrl('https://api.pagerduty.com'),
  })
  .refine(({ schedule, escalationPolicy }) => (schedule === undefined) !== (escalationPolicy === undefined), {
    message: 'set exactly one of schedule or escalationPolicy',
  })
  .refine(({ levels, escalationPolicy }) => levels === undefined || escalationPolicy !== undefined, {
    path: ['levels'],
    message: 'is for an escalation policy: a schedule has no levels',
  })

const opsgenie = z.strictObject({ schedule: id, tokenVariable, apiUrl: apiUrl('https://api.opsgenie.com') })

const grafanaOnCall = z.strictObject({
  schedule: id,
  tokenVariable,
  apiUrl: address.meta({ description: 'The API URL that Grafana OnCall’s settings show.' }),
})

export const rotaSourceShape = {
  calendar: calendar
    .optional()
    .meta({ description: 'An iCalendar: its events name who is on call by e-mail address.' }),
  pagerDuty: pagerDuty.optional(),
  opsgenie: opsgenie.optional(),
  grafanaOnCall: grafanaOnCall.optional(),
}
export const rotaSources = ['calendar', 'pagerDuty', 'opsgenie', 'grafanaOnCall'] as const

const sourceSchema = z.object(rotaSourceShape)
export type RotaSource = z.infer<typeof sourceSchema>

/** Where a rota comes from, without anything else; null for one of Postern's own. */
export function sourceOf(rota: RotaSource): RotaSource | null {
  const source = rotaSources.find((one) => rota[one] !== undefined)
  return source ? { [source]: rota[source] } : null
}

/** Milliseconds since the epoch. `person` is an e-mail address. */
export const shiftSchema = z.strictObject({ person: z.string(), from: z.number(), until: z.number() })
export type Shift = z.infer<typeof shiftSchema>

export type CachedRota = {
  shifts: readonly Shift[]
  /** When they were read. */
  readAt: Date
  /** Why the last reading failed, and since when readings fail; null if it did not. */
  problem: { sentence: string; since: Date } | null
}

/** More shifts of a few days are no rota. */
const mostShifts = 1000
/** Hours. What was read earlier says nothing about who is on call now. */
export const hoursUntilTooOld = 24

export const isTooOld = ({ readAt }: Pick<CachedRota, 'readAt'>, at: Date): boolean =>
  at.getTime() - readAt.getTime() > hoursUntilTooOld * 3_600_000

/** The shifts at this moment, one for each person, with the last end. */
export function shiftsAt(shifts: readonly Shift[], at: Date): Shift[] {
  const now = at.getTime()
  const byPerson = new Map<string, Shift>()
  for (const shift of shifts.filter(({ from, until }) => from <= now && now < until)) {
    const known = byPerson.get(shift.person)
    if (!known || known.until < shift.until) byPerson.set(shift.person, shift)
  }
  return [...byPerson.values()]
}

/** A shift as a source describes it; everything in it is untrusted. */
export type ClaimedShift = { email: unknown; from: unknown; until: unknown }

const timeOf = (value: unknown) => (typeof value === 'string' ? Date.parse(value) : Number.NaN)

/** The usable shifts: an address that names a mailbox, and an end after the beginning. The order makes no difference. */
export function usableShifts(claimed: readonly ClaimedShift[]): Shift[] {
  const shifts = claimed.flatMap(({ email, from, until }) => {
    const person = typeof email === 'string' ? mailboxOf(email.trim()) : null
    const [start, end] = [timeOf(from), timeOf(until)]
    return person !== null && end > start ? [{ person, from: start, until: end }] : []
  })
  return shifts
    .sort((a, b) => a.from - b.from || a.until - b.until || (a.person < b.person ? -1 : 1))
    .slice(0, mostShifts)
}
