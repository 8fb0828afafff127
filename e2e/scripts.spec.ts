import { mostKilobytes, scriptKilobytes } from '#local/bench/scripts'
import { expect, type Person, test } from './fixtures.ts'
import { submit } from './grants.ts'

const visits: Partial<Record<Person, string[]>> = {
  mina: ['/access', '/requests/new', '/requests/new?entitlement=payments-restart', '/requests/*', '/check-access'],
  jonas: ['/requests/new?entitlement=search-debug'],
  priya: ['/inbox', '/inbox/decided', '/requests/*'],
  ola: [
    ...[
      '/live',
      '/inbox/reviews',
      '/history',
      '/history/access',
      '/history/review',
      '/activity',
      '/reports',
      '/clusters',
    ],
    ...['/clusters/prod-eu/posture', '/guardrails', '/notices', '/settings'],
  ],
}

test('no page needs more kilobytes of scripts than the goal', async ({ as, api, browser, stage }) => {
  test.setTimeout(300_000)
  const { id } = await submit(await api('mina'))
  for (const [person, paths] of Object.entries(visits)) {
    const cookies = await (await as(person as Person)).context().cookies()
    for (const path of paths) {
      // Empty, so that nothing is in its cache.
      const context = await browser.newContext({ baseURL: stage.url })
      await context.addCookies(cookies)
      expect.soft(await scriptKilobytes(context, path.replace('*', id)), path).toBeLessThanOrEqual(mostKilobytes)
    }
  }
})
