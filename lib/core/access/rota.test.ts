import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { groupsInWords } from './on-call.ts'
import { onCallAt, type Rota, rotaSchema, rotasOf, withOnCallGroups } from './rota.ts'

const rotaOf = (over: Record<string, unknown> = {}): Rota =>
  rotaSchema.parse({
    name: 'payments',
    zone: 'Europe/Berlin',
    rotation: { people: ['priya@example.com', 'sam@example.com', 'tomas@example.com'], from: '2026-10-05T09:00' },
    ...over,
  })
const at = (text: string) => new Date(text)
const whoAt = (rota: Rota, text: string) => onCallAt(rota, at(text))[0]?.person

describe('a rotation', () => {
  const table: [string, string, string | undefined][] = [
    ['right before the first shift', '2026-10-05T08:59:59+02:00', undefined],
    ['at the beginning of the first shift', '2026-10-05T09:00:00+02:00', 'priya@example.com'],
    ['right before the handover', '2026-10-12T08:59:59.999+02:00', 'priya@example.com'],
    ['at the handover', '2026-10-12T09:00:00+02:00', 'sam@example.com'],
    ['right before the handover after the clocks went back', '2026-10-26T08:59:59.999+01:00', 'tomas@example.com'],
    ['at the handover after the clocks went back', '2026-10-26T09:00:00+01:00', 'priya@example.com'],
    ['a year later, again with the third', '2027-10-13T12:00:00+02:00', 'tomas@example.com'],
  ]
  test.each(table)('%s', (_, time, person) => {
    expect(whoAt(rotaOf(), time)).toBe(person)
  })

  test('says until when, in the local time of the rota', () => {
    expect(onCallAt(rotaOf(), at('2026-10-20T00:00:00Z'))[0]?.until).toEqual(at('2026-10-26T09:00:00+01:00'))
  })

  test('changes the person exactly at `until`, for every length, zone and moment', () => {
    const moment = fc.integer({ min: Date.UTC(2026, 9, 6), max: Date.UTC(2031, 0, 1) })
    const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Casablanca')
    fc.assert(
      fc.property(moment, zone, fc.integer({ min: 1, max: 28 }), (now, zone, days) => {
        const rotation = { people: ['a@example.com', 'b@example.com'], from: '2026-10-05T02:30', days }
        const rota = rotaOf({ zone, rotation })
        const { person, until } = onCallAt(rota, new Date(now))[0] ?? expect.fail()
        expect(until.getTime()).toBeGreaterThan(now)
        expect(onCallAt(rota, new Date(until.getTime() - 1))[0]?.person).toBe(person)
        expect(onCallAt(rota, until)[0]?.person).not.toBe(person)
      }),
      { numRuns: 300 },
    )
  })
})

describe('an override', () => {
  const overrides = [
    { person: 'ola@example.com', from: '2026-10-07T18:00', to: '2026-10-08T09:00' },
    { person: 'ines@example.com', from: '2026-10-07T20:00', to: '2026-10-07T22:00' },
  ]
  test('replaces the person of the shift, for its time only, and the later one counts', () => {
    const rota = rotaOf({ overrides })
    expect(onCallAt(rota, at('2026-10-07T17:59:00+02:00'))).toEqual([
      {
        person: 'priya@example.com',
        until: at('2026-10-07T18:00:00+02:00'),
        isOverride: false,
      },
    ])
    expect(onCallAt(rota, at('2026-10-07T18:00:00+02:00'))).toEqual([
      {
        person: 'ola@example.com',
        until: at('2026-10-07T20:00:00+02:00'),
        isOverride: true,
      },
    ])
    expect(whoAt(rota, '2026-10-07T21:00:00+02:00')).toBe('ines@example.com')
    expect(whoAt(rota, '2026-10-08T09:00:00+02:00')).toBe('priya@example.com')
  })
})

describe('the person of a rota', () => {
  const now = at('2026-10-06T12:00:00Z')
  const someone = (email: string | null, emailVerified = true) => ({ email, emailVerified, groups: ['sre'] })

  test('is recognized in every spelling of their verified address', () => {
    for (const email of ['priya@example.com', 'Priya@Example.COM', 'priya+ops@example.com'])
      expect(rotasOf([rotaOf()], someone(email), now), email).toEqual(['payments'])
  })

  test('is nobody with an unverified address, another address or none', () => {
    for (const account of [someone('priya@example.com', false), someone('sam@example.com'), someone(null)])
      expect(rotasOf([rotaOf()], account, now)).toEqual([])
  })

  test('has the group of the rota in addition to their own', () => {
    expect(withOnCallGroups(someone('priya@example.com'), [rotaOf()], now).groups).toEqual(['sre', 'on-call:payments'])
  })
})

test.each([
  ['a time that does not exist', { rotation: { people: ['a@example.com'], from: '2026-02-30T09:00' } }],
  ['a time with an offset', { rotation: { people: ['a@example.com'], from: '2026-02-20T09:00Z' } }],
  ['a zone without daylight saving time', { zone: '+02:00' }],
  ['a person without an address', { rotation: { people: ['mina'], from: '2026-02-20T09:00' } }],
  ['nobody', { rotation: { people: [], from: '2026-02-20T09:00' } }],
  [
    'an override that ends before it begins',
    {
      overrides: [{ person: 'a@example.com', from: '2026-02-20T09:00', to: '2026-02-20T09:00' }],
    },
  ],
])('a rota with %s is refused', (_, over) => {
  expect(() => rotaOf(over)).toThrow()
})

test('sentences name the person on call, and other groups by their names', () => {
  expect(groupsInWords(['sre', 'on-call:payments'])).toBe('sre or the person on call for payments')
})
