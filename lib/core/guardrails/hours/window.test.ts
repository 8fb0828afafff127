import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { closesAt, frozenAt, isOpen, nextMoment, type OpenHours, opensAt, type Schedule, window } from './window.ts'

const minute = 60_000
const at = (text: string) => Date.parse(text)
const iso = (ms: number) => (Number.isFinite(ms) ? new Date(ms).toISOString() : 'never')

// The oracle reads the local time from Intl, minute by minute, without offsets or edges.
const formats = new Map<string, Intl.DateTimeFormat>()
const walls = new Map<string, { weekday: number; minute: number }>()
function wallOf(zone: string, ms: number) {
  const key = `${zone} ${ms}`
  const known = walls.get(key)
  if (known) return known
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
  formats.set(zone, format)
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]))
  const wall = {
    weekday: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(part.weekday ?? '') + 1,
    minute: Number(part.hour) * 60 + Number(part.minute),
  }
  walls.set(key, wall)
  return wall
}

function openByTheClock({ windows, frozen }: Schedule, ms: number): boolean {
  if (frozen.some((freeze) => freeze.from <= ms && ms < freeze.until)) return false
  if (windows.length === 0) return true
  return windows.some(({ zone, days, from, to }) => {
    const wall = wallOf(zone, ms)
    if (from < to) return days.has(wall.weekday) && from <= wall.minute && wall.minute < to
    const dayBefore = ((wall.weekday + 5) % 7) + 1
    return (days.has(wall.weekday) && wall.minute >= from) || (days.has(dayBefore) && wall.minute < to)
  })
}

// A day or two before clocks change, in both directions and on both hemispheres, and one day without a change.
const starts = [
  '2026-03-28T12:00:00Z', // Europe forward
  '2026-10-24T12:00:00Z', // Europe back
  '2026-03-07T20:00:00Z', // America forward
  '2026-10-31T20:00:00Z', // America back
  '2026-04-04T06:00:00Z', // Australia back: Lord Howe by half an hour
  '2026-10-03T06:00:00Z', // Australia forward
  '2026-09-05T12:00:00Z', // Chile forward, at midnight, so that a day has no first hour
  '2026-11-23T00:00:00Z',
].map(at)
const zones = [
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'America/Santiago',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Asia/Kolkata',
  'UTC',
]

const wallMinute = fc.oneof(fc.integer({ min: 0, max: 1439 }), fc.constantFrom(0, 60, 90, 120, 150, 180, 540, 1080))
const hours: fc.Arbitrary<OpenHours> = fc
  .record({
    zone: fc.constantFrom(...zones),
    days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 }),
    from: wallMinute,
    to: fc.oneof(wallMinute, fc.constant(1440)),
  })
  .map(({ zone, days, from, to }) => window(zone, days, from, to))
const scheduleFrom = (start: number): fc.Arbitrary<Schedule> =>
  fc.record({
    windows: fc.array(hours, { minLength: 0, maxLength: 2 }),
    frozen: fc
      .array(fc.tuple(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 1, max: 600 })), { maxLength: 2 })
      .map((pairs) => {
        let from = start
        return pairs.map(([gap, length]) => {
          const freeze = { name: 'freeze', from: from + (gap + 1) * minute, until: from + (gap + 1 + length) * minute }
          from = freeze.until
          return freeze
        })
      }),
  })
const worlds = fc.constantFrom(...starts).chain((start) => fc.tuple(fc.constant(start), scheduleFrom(start)))
const minutes = 2 * 24 * 60

describe('compared with the local time, minute by minute', () => {
  test('a schedule is open exactly while the local time is inside a window and outside every freeze', () => {
    fc.assert(
      fc.property(worlds, ([start, schedule]) => {
        for (let n = 0; n < minutes; n++) {
          const ms = start + n * minute
          if (isOpen(schedule, ms) !== openByTheClock(schedule, ms)) throw new Error(`differs at ${iso(ms)}`)
        }
      }),
      { numRuns: 150, verbose: 1 },
    )
  })

  test('a schedule opens and closes at the minute that a scan of the local time finds', () => {
    fc.assert(
      fc.property(worlds, fc.integer({ min: 0, max: minutes / 2 }), ([start, schedule], offset) => {
        const from = start + offset * minute
        const scan = (open: boolean) => {
          for (let n = 0; n < minutes; n++) {
            if (openByTheClock(schedule, from + n * minute) === open) return from + n * minute
          }
          return null
        }
        const [opens, closes] = [scan(true), scan(false)]
        if (opens !== null) expect(iso(opensAt(schedule, from))).toBe(iso(opens))
        else expect(opensAt(schedule, from)).toBeGreaterThanOrEqual(from + minutes * minute)
        if (closes !== null) expect(iso(closesAt(schedule, from))).toBe(iso(closes))
        else expect(closesAt(schedule, from)).toBeGreaterThanOrEqual(from + minutes * minute)
      }),
      { numRuns: 300, verbose: 1 },
    )
  })

  test('the next moment is the first one at which all schedules are open for the whole duration', () => {
    const limits = fc.constantFrom(...starts).chain((start) =>
      fc.tuple(
        fc.constant(start),
        fc.array(fc.record({ schedule: scheduleFrom(start), mayOutlive: fc.boolean() }), {
          minLength: 1,
          maxLength: 2,
        }),
      ),
    )
    fc.assert(
      fc.property(limits, fc.integer({ min: 1, max: 180 }), ([start, all], length) => {
        const open = all.map(({ schedule }) =>
          Array.from({ length: minutes + length }, (_, n) => openByTheClock(schedule, start + n * minute)),
        )
        const fits = (n: number) =>
          all.every(({ mayOutlive }, i) => (mayOutlive ? open[i]?.[n] : open[i]?.slice(n, n + length).every(Boolean)))
        const first = Array.from({ length: minutes }, (_, n) => n).find(fits)
        const found = nextMoment(all, new Date(start), length * 60)
        if (first === undefined)
          expect(found?.getTime() ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(start + minutes * minute)
        else expect(found?.toISOString()).toBe(iso(start + first * minute))
      }),
      { numRuns: 150, verbose: 1 },
    )
  })
})

describe('examples', () => {
  const always: Schedule = { windows: [], frozen: [] }
  const officeHours = { windows: [window('Europe/Berlin', [1, 2, 3, 4, 5], 540, 1080)], frozen: [] }

  test('a window closes on Friday at six and opens on Monday at nine when clocks change in between', () => {
    const friday = at('2026-10-23T15:59:59.999Z')
    expect(isOpen(officeHours, friday)).toBe(true)
    expect(iso(closesAt(officeHours, friday))).toBe('2026-10-23T16:00:00.000Z')
    expect(iso(opensAt(officeHours, at('2026-10-23T16:00:00Z')))).toBe('2026-10-26T08:00:00.000Z')
  })

  test('a window over midnight belongs to the day on which it opens', () => {
    const fridayNight = { windows: [window('Europe/Berlin', [5], 1320, 360)], frozen: [] }
    expect(isOpen(fridayNight, at('2026-11-27T21:30:00Z'))).toBe(true)
    expect(isOpen(fridayNight, at('2026-11-28T04:59:00Z'))).toBe(true)
    expect(isOpen(fridayNight, at('2026-11-28T05:00:00Z'))).toBe(false)
    expect(isOpen(fridayNight, at('2026-11-27T04:00:00Z'))).toBe(false)
  })

  test('a repeated hour is inside a window twice, and a skipped hour never', () => {
    const early = { windows: [window('Europe/Berlin', [7], 120, 180)], frozen: [] }
    expect(iso(opensAt(early, at('2026-10-24T22:00:00Z')))).toBe('2026-10-25T00:00:00.000Z')
    expect(iso(closesAt(early, at('2026-10-25T00:00:00Z')))).toBe('2026-10-25T02:00:00.000Z')
    expect(iso(opensAt(early, at('2026-03-28T12:00:00Z')))).toBe('2026-04-05T00:00:00.000Z')
  })

  test('a freeze includes its first instant and excludes its last', () => {
    const schedule = { ...always, frozen: [{ name: 'Christmas', from: 1000, until: 2000 }] }
    expect([999, 1000, 1999, 2000].map((ms) => isOpen(schedule, ms))).toEqual([true, false, false, true])
    expect(frozenAt(schedule, 1500)?.name).toBe('Christmas')
    expect(closesAt(schedule, 0)).toBe(1000)
  })

  test('there is no next moment for access that is longer than every window', () => {
    const limit = { schedule: officeHours, mayOutlive: false }
    expect(nextMoment([limit], new Date('2026-11-23T08:00:00Z'), 10 * 3600)).toBeNull()
    const outlives = [{ ...limit, mayOutlive: true }]
    const opens = new Date('2026-11-23T08:00:00Z')
    expect(nextMoment(outlives, opens, 10 * 3600)).toEqual(opens)
    expect(closesAt(always, 0)).toBe(Number.POSITIVE_INFINITY)
  })

  test('there is no next moment for two windows that never overlap', () => {
    const [day, night] = [window('UTC', [1], 540, 600), window('UTC', [2], 540, 600)]
    const limits = [day, night].map((hours) => ({ schedule: { windows: [hours], frozen: [] }, mayOutlive: true }))
    expect(nextMoment(limits, new Date(0), 60)).toBeNull()
  })
})
