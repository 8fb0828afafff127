import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import type { GrantActivity } from '#lib/core/access/activity-resource'
import { GrantActivityView } from './grant-activity.tsx'

const [before, begin, end, after] = [10, 11, 12, 13].map((hour) => `2026-11-26T${hour}:00:00.000Z`) as [
  string,
  string,
  string,
  string,
]
const feed = { firstAt: before, newestAt: after, receivedAt: after, removedBefore: null }
const unused: GrantActivity = {
  ...{ grantId: 'grt_01m8cp5h07yyvdj2pr0exf7env', cluster: 'prod-eu', feed, count: 0, refused: 0, secrets: 0 },
  ...{ afterEnd: 0, firstAt: null, lastAt: null, groups: [], sources: [], lasting: [], created: [] },
  ...{ moreGroups: false, moreSources: false, moreLasting: false, moreCreated: false },
}
const called = {
  verb: 'get',
  group: '',
  resource: 'secrets',
  subresource: '',
  namespace: 'payments',
  name: 'key',
  path: '',
}
const times = { firstAt: begin, lastAt: begin, count: 1 }
const source = {
  ...{ account: 'system:serviceaccount:postern-grants:postern-x', impersonated: null, credentialId: 'a-jti' },
  ...{ isIssued: true, address: '192.0.2.1', forwardedFor: null, userAgent: 'kubectl', ...times },
}

/** The text of the section, without markup. */
const textOf = (activity: Partial<GrantActivity>, endedAt: string | null = end) =>
  renderToStaticMarkup(
    <GrantActivityView activity={{ ...unused, ...activity }} activatedAt={begin} endedAt={endedAt} />,
  ).replace(/<[^>]*>/g, ' ')

test('what is left out is said beside each list, with a link to all calls', () => {
  const some = { count: 1, sources: [source] }
  expect(textOf(some)).not.toContain('All calls')
  for (const more of ['moreSources', 'moreLasting', 'moreCreated'])
    expect(textOf({ ...some, [more]: true })).toMatch(/Only .* (is|are) shown\. +All calls/)
})

test('a grant is never used only if its cluster reported calls before its begin and after its end', () => {
  expect(textOf({})).toContain('Never used.')
  expect(textOf({}, null)).toContain('Not used yet.')
  for (const partly of [
    { ...feed, firstAt: end },
    { ...feed, newestAt: begin },
  ])
    expect(textOf({ feed: partly })).toMatch(/No calls are known/)
  expect(textOf({ feed: null })).toMatch(/Not known:\s+prod-eu\s+sends no audit events to Postern\./)
})

test('a grant whose calls were removed by retention is never said to be unused, and what is left is said to be a rest', () => {
  const removed = { ...feed, firstAt: end, removedBefore: end }
  expect(textOf({ feed: removed })).toMatch(
    /No calls are known\..+ were removed by retention, except those of a finding\./,
  )
  expect(textOf({ feed: removed })).not.toContain('Never used')
  expect(textOf({ feed: removed, count: 1 })).toContain('were removed by retention')
  expect(textOf({ feed: { ...feed, removedBefore: before }, count: 1 })).not.toContain('retention')
})

test('a call after the end, a token that was not issued and a call that outlived the access stand out', () => {
  const text = textOf({
    ...{ count: 3, refused: 1, secrets: 2, afterEnd: 1, firstAt: begin, lastAt: after },
    groups: [{ ...called, kind: 'secret', code: 403, ...times }],
    sources: [source, { ...source, isIssued: false }, { ...source, account: 'mallory', impersonated: 'x' }],
    lasting: [
      { ...called, subresource: 'exec', query: 'command=sh', code: 101, at: begin, endedAt: after, outlived: true },
    ],
    created: [{ group: 'apps', resource: 'deployments', namespace: 'payments', name: 'left', at: begin }],
  })
  for (const part of ['1 call was made after', 'not issued by Postern', 'impersonated by', 'outlived the access'])
    expect(text).toContain(part)
  for (const part of ['get secrets key', '403, refused', 'command=sh', 'deployments.apps left', '2 about secrets'])
    expect(text).toContain(part)
})

test('text that a client chose is never markup', () => {
  const evil = '<img src=x onerror=alert(1)>'
  const html = renderToStaticMarkup(
    <GrantActivityView
      activity={{
        ...{ ...unused, count: 1, firstAt: begin, lastAt: begin },
        groups: [{ ...called, verb: evil, name: evil, namespace: evil, kind: 'grant', code: 200, ...times }],
        sources: [{ ...source, userAgent: evil, address: evil, forwardedFor: evil, credentialId: evil }],
      }}
      activatedAt={begin}
      endedAt={end}
    />,
  )
  expect(html).not.toContain('<img')
})
