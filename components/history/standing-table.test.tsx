import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import type { StandingDuring } from '#lib/core/access/access-at-resource'
import { StandingTable } from './standing-table.tsx'

const [first, last, end] = [10, 11, 12].map((hour) => `2026-11-26T${hour}:00:00.000Z`) as [string, string, string]
const item: StandingDuring['items'][number] = {
  ...{ cluster: 'prod-eu', binding: { namespace: null, name: 'admins' }, role: { kind: 'ClusterRole', name: 'admin' } },
  ...{ subject: { kind: 'Group', namespace: null, name: 'ops' }, from: first, until: null },
}
const htmlOf = (standing: Partial<StandingDuring>) =>
  renderToStaticMarkup(
    <StandingTable standing={{ items: [item], clusters: [], isComplete: true, ...standing }} end={end} />,
  )
const textOf = (standing: Partial<StandingDuring>) => htmlOf(standing).replace(/<[^>]*>/g, ' ')

test('the age of the last reading and each time without one are said', () => {
  const clusters = [
    { cluster: 'prod-eu', lastReadAt: last, notRead: [{ from: last, to: end }] },
    { cluster: 'prod-us', lastReadAt: null, notRead: [] },
  ]
  const text = textOf({ clusters }).replace(/\s+/g, ' ')
  expect(text).toMatch(/prod-eu : last read at .+, 1 h before the end of this time/)
  expect(text).toMatch(/Not read from .+ to .+: changes in this time are not known\./)
  expect(text).toContain('prod-us : not read before the end of this time')
})

test('names from a cluster are text, and more rows than are shown are said', () => {
  const evil = '<img src=x onerror=alert(1)>'
  expect(htmlOf({ items: [{ ...item, subject: { ...item.subject, name: evil } }] })).not.toContain('<img')
  const many = Array.from({ length: 201 }, (_, n) => ({ ...item, binding: { namespace: 'payments', name: `b-${n}` } }))
  expect(textOf({ items: many })).toContain('There are more. They are in the API.')
  expect(textOf({ items: [], isComplete: false })).toMatch(
    /No role binding that was read allowed it\..*There may be more/,
  )
})
