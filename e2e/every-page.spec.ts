import type { Page } from '@playwright/test'
import { aSecretRead, reportCalls } from './activity.ts'
import { type Api, expect, type Person, test } from './fixtures.ts'
import { approve, grantOf, post, submit } from './grants.ts'
import { axeFindings, colorFindings, excessWidth, showIn } from './page-checks.ts'

const pages = [
  '/access',
  '/requests/new',
  '/requests/new?entitlement=payments-restart',
  '/requests/new?entitlement=search-debug',
  '/inbox',
  '/inbox/decided',
  '/inbox/reviews',
  '/live',
  '/history',
  '/history/access',
  '/history/review',
  '/activity',
  '/clusters',
  '/notices',
  '/guardrails',
  '/settings',
  '/check-access?verb=patch&what=deployments.apps&namespace=payments',
]

const viewports = {
  // The narrowest that WCAG 1.4.10 asks for. Pages load in it, because a wide inbox opens a request, which stays open.
  phone: { width: 320, height: 640 },
  // So low that the panes of the inbox scroll.
  laptop: { width: 1024, height: 500 },
  desktop: { width: 1280, height: 900 },
}

/** Loads a page once, and checks it in each window and in both themes. These differ in their colours only. */
async function checkPage(page: Page, path: string, what: string) {
  await page.setViewportSize(viewports.phone)
  await showIn(page, 'light')
  await page.goto(path)
  for (const [device, viewport] of Object.entries(viewports)) {
    await page.setViewportSize(viewport)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    await showIn(page, 'light')
    expect.soft(await axeFindings(page), `${what} at ${path}, ${device}, light`).toEqual([])
    expect.soft(await excessWidth(page), `${what} at ${path}, ${device}, scrolls sideways`).toBe(0)
    await showIn(page, 'dark')
    expect.soft(await colorFindings(page), `${what} at ${path}, ${device}, dark`).toEqual([])
  }
}

/** A pending request, an active one, and one of another team, so that no list is empty. */
async function createRequests(api: (person: Person) => Promise<Api>) {
  const [mina, priya, jonas] = await Promise.all([api('mina'), api('priya'), api('jonas')])
  const pending = await submit(mina)
  const active = await submit(mina)
  await approve(priya, active)
  const grant = await grantOf(mina, active.id, 'active')
  await submit(jonas, {
    entitlement: 'search-debug',
    namespaces: ['search'],
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  })
  return { pending, active, grant }
}

for (const [which, paths] of Object.entries({
  'of an engineer': pages.slice(0, 8),
  'about the whole company': pages.slice(8),
})) {
  test(`no page ${which} has an accessibility problem or scrolls sideways, light or dark`, async ({ as, api }) => {
    test.setTimeout(600_000)
    await createRequests(api)
    const mina = await as('mina')
    for (const path of paths) await checkPage(mina, path, 'mina')
  })
}

test('no page of a request has an accessibility problem or scrolls sideways, light or dark', async ({ as, api }) => {
  test.setTimeout(600_000)
  const { pending, active, grant } = await createRequests(api)
  const tomas = await api('tomas')
  const routed = await post(tomas, { entitlement: 'platform-repair' })
  const emergency = await post(tomas, { entitlement: 'platform-break-glass' })
  const used = await grantOf(tomas, emergency.id, 'active')
  const visits = {
    // The page for a missing request has the frame too.
    mina: [`/requests/${pending.id}`, `/requests/${active.id}`, `/requests/${pending.id.slice(0, -4)}0000`].concat(
      `/requests/new?again=${active.id}&extends=${grant.id}`,
    ),
    priya: ['/live', '/inbox/decided', `/inbox?request=${pending.id}`, `/requests/${pending.id}`],
    // Steps of a rota with escalation, of a person, of owners and of a manager; and break-glass access in use.
    tomas: [`/requests/${routed.id}`, `/requests/${emergency.id}`],
    ola: [`/inbox?request=${routed.id}`],
  }
  for (const [person, paths] of Object.entries(visits)) {
    const page = await as(person as keyof typeof visits)
    for (const path of paths) await checkPage(page, path, person)
  }
  await tomas('POST', `/grants/${used.id}/release`)
  await grantOf(tomas, emergency.id, 'ended')
  // The form for its review, and the review itself.
  const ines = await as('ines')
  await checkPage(ines, '/inbox/reviews', 'ines, before the review')
  await checkPage(ines, `/requests/${emergency.id}`, 'ines')
  await ines.getByRole('radio', { name: /^Justified/ }).check()
  await ines.getByRole('textbox', { name: 'Note' }).fill('The calls fit the reason')
  await ines.getByRole('button', { name: 'Record the review' }).click()
  await expect(ines.getByText(/reviewed it as justified/)).toBeVisible()
  await checkPage(ines, `/requests/${emergency.id}`, 'ines, reviewed')
  await checkPage(ines, '/inbox/reviews', 'ines, after the review')
})

test('no page of a colleague or an auditor has an accessibility problem or scrolls sideways, light or dark', async ({
  as,
  api,
  stage,
}) => {
  test.setTimeout(600_000)
  const { active } = await createRequests(api)
  await reportCalls(
    stage,
    [403, 401, 200, 200].map((code) => aSecretRead({ code })),
  )
  const visits = {
    jonas: ['/requests/new?entitlement=search-debug', '/inbox'],
    ines: [
      '/activity',
      '/activity?kind=rbac',
      '/activity?show=calls',
      '/reports',
      '/clusters/prod-eu/posture',
      '/history',
      '/history/access',
      '/history/access?at=yesterday&until=today&namespace=payments&verb=get&resource=pods',
      '/history/access?at=now&until=yesterday&verb=get',
      '/history/review',
      `/history?request=${active.id}`,
    ],
  }
  for (const [person, paths] of Object.entries(visits)) {
    const page = await as(person as keyof typeof visits)
    for (const path of paths) await checkPage(page, path, person)
  }
})

test('no page for signed-out visitors has an accessibility problem', async ({ browser, stage }) => {
  const page = await browser.newPage({ baseURL: stage.url })
  for (const path of ['/sign-in', '/sign-in?error=OAuthCallback', '/signed-out', '/no-such-page']) {
    await page.goto(path)
    await showIn(page, 'light')
    expect.soft(await axeFindings(page), `${path}, light`).toEqual([])
    await showIn(page, 'dark')
    expect.soft(await colorFindings(page), `${path}, dark`).toEqual([])
  }
})

test('every page forbids framing, foreign scripts and content sniffing', async ({ as, stage }) => {
  const mina = await as('mina')
  for (const path of pages) {
    const response = await mina.request.get(path)
    expect(response.status(), path).toBe(200)
    const headers = response.headers()
    const policy = headers['content-security-policy'] ?? ''
    expect(policy, path).toContain("frame-ancestors 'none'")
    const scripts = policy.split(';').find((directive) => directive.trim().startsWith('script-src')) ?? ''
    expect(scripts, path).toMatch(/'nonce-/)
    expect(scripts, path).not.toContain('unsafe-inline')
    expect(headers['referrer-policy'], path).toBe('same-origin')
    expect(headers['permissions-policy'], path).toMatch(/(^|, )camera=\(\)/)
    expect(headers['x-content-type-options'], path).toBe('nosniff')
    expect(headers['x-powered-by'], path).toBeUndefined()
  }
  expect(stage.url.startsWith('http://localhost')).toBe(true)
})

test('the keyboard alone is enough to navigate and to start a request', async ({ as }) => {
  const mina = await as('mina')
  await mina.goto('/access')
  await mina.keyboard.press('Tab')
  await expect(mina.getByRole('link', { name: /skip/i })).toBeFocused()
  await mina.keyboard.press('g')
  await mina.keyboard.press('h')
  await expect(mina).toHaveURL(/\/history/)
  await mina.keyboard.press('g')
  await mina.keyboard.press('a')
  await expect(mina.getByRole('heading', { level: 1, name: 'Access' })).toBeVisible()
  await mina.keyboard.press('/')
  await expect(mina.getByRole('textbox', { name: /Paste a Forbidden error/ })).toBeFocused()
  await mina.keyboard.type('restart')
  await mina.keyboard.press('Tab')
  await mina.keyboard.press('Enter')
  await expect(mina).toHaveURL(/entitlement=payments-restart/)
})
