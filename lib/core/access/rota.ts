// Who is on call? A rota is a list of people who are on call one after the other, with overrides for single periods.
import { Temporal } from 'temporal-polyfill'
import { z } from 'zod'
import type { Person } from './actor.ts'
import { entitlementSchema } from './entitlement.ts'
import { isOnCallGroup, onCallGroup } from './on-call.ts'
import { type CachedRota, isTooOld, rotaSourceShape, rotaSources, shiftsAt } from './rota-source.ts'
import { mailboxOf } from './same-person.ts'
import { isTimeZone } from './time-zone.ts'

const wall = (text: string) => Temporal.PlainDateTime.from(text)

/** A local time without an offset. Times that do not exist, such as February 30, are refused. */
const localTime = z.string().refine(
  (text) => {
    try {
      return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(text) && wall(text).toString({ smallestUnit: 'minute' }) === text
    } catch {
      return false
    }
  },
  { error: 'must be a local time such as 2026-11-23T09:00' },
)

const person = z
  .string()
  .max(320)
  .refine((text) => mailboxOf(text) !== null, 'must be an e-mail address such as mina@example.com')
  .meta({ description: 'Their verified e-mail address at the identity provider.' })

const rotationSchema = z.strictObject({
  people: z
    .array(person)
    .min(1)
    .max(100)
    .meta({ description: 'The people of the rota, in the order of their shifts.' }),
  from: localTime.meta({
    description: 'When the first shift of the first person begins. Every shift begins at this time of the day.',
  }),
  days: z.int().min(1).max(28).default(7).meta({ description: 'The length of a shift, in days.' }),
})

const sources = ['rotation', ...rotaSources] as const

/** Exactly one of `rotation` and the sources outside of Postern says who is on call. */
const rotaFields = z.strictObject({
  name: entitlementSchema.shape.name,
  zone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'must be a time zone of the IANA database such as Europe/Berlin')
    .optional()
    .meta({ description: 'The time zone of all times in this rota, and of a calendar’s times without one.' }),
  rotation: rotationSchema.optional(),
  ...rotaSourceShape,
  overrides: z
    .array(
      z
        .strictObject({ person, from: localTime, to: localTime })
        .refine(({ from, to }) => from < to, { path: ['to'], message: 'must be after from' }),
    )
    .max(500)
    .default([])
    .meta({ description: 'Who is on call instead. Of two that overlap, the later one in this list counts.' }),
})

export const rotaSchema = rotaFields
  .refine((rota) => sources.filter((source) => rota[source] !== undefined).length === 1, {
    message: `set exactly one of ${sources.join(', ')}`,
  })
  .refine(({ rotation, zone }) => rotation === undefined || zone !== undefined, {
    path: ['zone'],
    message: 'is required with rotation: the time zone of its times, such as Europe/Berlin',
  })
  .refine(({ rotation, overrides }) => rotation !== undefined || overrides.length === 0, {
    path: ['overrides'],
    message: 'is for a rotation: add the override where the rota comes from',
  })

/** `cached`: what was last read of a rota outside of Postern; undefined before the first reading. */
export type Rota = z.infer<typeof rotaSchema> & { cached?: CachedRota }
type WithRotation = Rota & { rotation: NonNullable<Rota['rotation']>; zone: string }
const hasRotation = (rota: Rota): rota is WithRotation => rota.rotation !== undefined && rota.zone !== undefined

/** `until` is when the next shift, or an override, may change who it is. */
export type OnCall = { person: string; until: Date; isOverride: boolean }

// What was last found for a rota, and from when on that holds: a list of requests asks for each person who may approve.
const cache = new WeakMap<Rota, { from: Date; onCall: OnCall }>()

/** Everyone who is on call at this moment: one person of a rotation, or everyone whom a source outside of Postern names. */
export function onCallAt(rota: Rota, at: Date): OnCall[] {
  if (hasRotation(rota)) {
    const onCall = onCallInRotation(rota, at)
    return onCall ? [onCall] : []
  }
  const shifts = rota.cached && !isTooOld(rota.cached, at) ? shiftsAt(rota.cached.shifts, at) : []
  return shifts.map(({ person, until }) => ({ person, until: new Date(until), isOverride: false }))
}

/** Since when a rota outside of Postern can't be read, and whether what was read before is too old to count. */
export function whyUnavailable(rota: Rota, at: Date): { since: string | null; isTooOld: boolean } | null {
  if (hasRotation(rota)) return null
  if (!rota.cached) return { since: null, isTooOld: true }
  const { problem } = rota.cached
  const tooOld = isTooOld(rota.cached, at)
  return problem || tooOld ? { since: problem?.since.toISOString() ?? null, isTooOld: tooOld } : null
}

/** Null before the first shift. */
function onCallInRotation(rota: WithRotation, at: Date): OnCall | null {
  const cached = cache.get(rota)
  if (cached && cached.from <= at && at < cached.onCall.until) return cached.onCall
  const onCall = findOnCall(rota, at)
  if (onCall) cache.set(rota, { from: at, onCall })
  return onCall
}

function findOnCall({ zone, rotation, overrides }: WithRotation, at: Date): OnCall | null {
  const instantOf = (time: Temporal.PlainDateTime) => time.toZonedDateTime(zone).epochMilliseconds
  const now = at.getTime()
  const periods = overrides.map(({ person, from, to }) => ({
    person,
    from: instantOf(wall(from)),
    until: instantOf(wall(to)),
  }))
  const first = wall(rotation.from)
  const startOf = (shift: number) => instantOf(first.add({ days: shift * rotation.days }))
  const here = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDateTime()
  // The clocks may have changed since, so the wall clock alone can be one shift off.
  let shift = Math.floor(
    first.until(here, { largestUnit: 'day' }).total({ unit: 'day', relativeTo: first }) / rotation.days,
  )
  while (startOf(shift) > now) shift -= 1
  while (startOf(shift + 1) <= now) shift += 1
  const override = periods.findLast(({ from, until }) => from <= now && now < until)
  const regular = shift < 0 ? undefined : rotation.people[shift % rotation.people.length]
  const onCall = override?.person ?? regular
  if (onCall === undefined) return null
  const changes = [...periods.flatMap(({ from, until }) => [from, until]), ...(override ? [] : [startOf(shift + 1)])]
  const until = Math.min(...changes.filter((time) => time > now))
  return { person: onCall, until: new Date(until), isOverride: override !== undefined }
}

type Account = Pick<Person, 'email' | 'emailVerified'>

/** Is this the account that the rota names? Only a verified address counts, in any of its spellings. */
function isNamedBy(named: string, { email, emailVerified }: Account): boolean {
  const mailbox = emailVerified && email !== null ? mailboxOf(email) : null
  return mailbox !== null && mailbox === mailboxOf(named)
}

/** The rotas in which this person is on call. */
export const rotasOf = (rotas: readonly Rota[], account: Account, at: Date): string[] =>
  rotas.flatMap((rota) => (onCallAt(rota, at).some(({ person }) => isNamedBy(person, account)) ? [rota.name] : []))

/** The mailboxes (same-person.ts) of those who are on call in the rotas behind these groups. */
export const onCallMailboxes = (rotas: readonly Rota[], groups: readonly string[], at: Date): string[] =>
  rotas
    .filter(({ name }) => groups.includes(onCallGroup(name)))
    .flatMap((rota) => onCallAt(rota, at).flatMap(({ person }) => mailboxOf(person) ?? []))

/** The person with the groups of the rotas in which they are on call. */
export const withOnCallGroups = <P extends Account & { groups: readonly string[] }>(
  person: P,
  rotas: readonly Rota[],
  at: Date,
): P & { groups: string[] } => ({
  ...person,
  groups: [...person.groups.filter((group) => !isOnCallGroup(group)), ...rotasOf(rotas, person, at).map(onCallGroup)],
})
