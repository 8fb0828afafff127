import { expect, test } from 'vitest'
import { exactTime } from './format-time.ts'
import { isTimeZone, wallTime } from './time-zone.ts'

test('an instant has the date and time of its zone, in summer and in winter', () => {
  const winter = '2026-11-23T23:30:05.120Z'
  expect(wallTime(winter, 'Europe/Berlin')).toEqual({ date: '2026-11-24', time: '00:30:05', offset: 'UTC+1' })
  expect(wallTime('2026-07-01T12:00:00Z', 'Europe/Berlin')).toMatchObject({ time: '14:00:00', offset: 'UTC+2' })
  expect(wallTime(winter, 'Asia/Kolkata')).toEqual({ date: '2026-11-24', time: '05:00:05', offset: 'UTC+5:30' })
  expect(wallTime(winter, 'America/New_York')).toEqual({ date: '2026-11-23', time: '18:30:05', offset: 'UTC-5' })
})

test('the wall of UTC shows what the evidence shows', () => {
  for (const instant of ['2026-11-23T00:00:00Z', '1999-12-31T23:59:59.999Z', '2024-02-29T12:00:00Z']) {
    const { date, time, offset } = wallTime(instant, 'UTC')
    expect(`${date} ${time}`).toBe(exactTime(instant))
    expect(offset).toBe('UTC')
  }
})

test('only names of the time zone database are time zones', () => {
  for (const zone of ['UTC', 'Europe/Berlin', 'Asia/Kolkata']) expect(isTimeZone(zone), zone).toBe(true)
  for (const zone of ['', '+02:00', 'Europe/Atlantis', '../etc', 'Europe/Berlin; x'])
    expect(isTimeZone(zone), zone).toBe(false)
})
