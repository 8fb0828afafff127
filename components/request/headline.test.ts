import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import type { RequestSummary } from '#lib/core/access/request-resource'
import { Headline } from './headline.tsx'

const request = {
  ...{ status: 'pending', grant: null, requester: { name: 'Mina Okafor' }, agent: null, cluster: 'prod-eu' },
  ...{ clusterRole: 'view', rules: [], namespaces: ['payments'], duration: 'PT30M' },
} as unknown as RequestSummary

const textOf = (shown: RequestSummary) =>
  renderToStaticMarkup(createElement(Headline, { request: shown })).replace(/<[^>]*>/g, '')

test('the headline says that an agent submitted the request, by its name, before the name of the person', () => {
  expect(textOf(request)).toBe('Mina Okafor wants to use ClusterRole view in payments on prod-eu for 30 minutes')
  expect(textOf({ ...request, agent: 'claude\u202e 2' })).toMatch(
    /^An agent \(claude.*U\+202E.* 2\) for Mina Okafor wants to/,
  )
})
