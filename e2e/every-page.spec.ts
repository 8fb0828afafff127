import { expect, test } from './fixtures.ts'
import { approve, grantOf, submit } from './grants.ts'
import { axeFindings, colorSchemes, excessWidth, showIn } from './page-checks.ts'

const pages = [
  '/access',
  '/requests/new',
  '/requests/new?entitlement=payments-restart',
  '/requests/new?entitlement=search-debug',
  '/inbox',
  '/inbox/decided',
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

for (const [device, viewport] of Object.entries({
  desktop: { width: 1280, height: 900 },
  // So low that the panes of the inbox scroll.
  laptop: { width: 1024, height: 500 },
  // The narrowest that WCAG 1.4.10 asks for.
  phone: { width: 320, height: 640 },
})) {
  test(`no page has an accessibility problem or scrolls sideways, light or dark: ${device}`, async ({ as, api }) => {
    test.setTimeout(600_000)
    const [mina, priya, jonas] = await Promise.all([api('mina'), api('priya'), api('jonas')])
    const pending = await submit(mina)
    const active = await submit(mina)
    await approve(priya, active)
    await grantOf(mina, active.id, 'active')
    await submit(jonas, {
      entitlement: 'search-debug',
      namespaces: ['search'],
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    })
    // The page for a missing request has the frame too.
    const nowhere = `/requests/${pending.id.slice(0, -4)}0000`
    const visits = {
      mina: [...pages, `/requests/${pending.id}`, `/requests/${active.id}`, nowhere],
      priya: ['/live', '/inbox/decided', `/inbox?request=${pending.id}`, `/requests/${pending.id}`],
      jonas: ['/requests/new?entitlement=search-debug', '/inbox'],
      ines: [
        '/activity',
        '/activity?kind=rbac',
        '/reports',
        '/clusters/prod-eu/posture',
        '/history',
        '/history/access',
        '/history/review',
        `/history?request=${active.id}`,
      ],
    } as const
    for (const [person, paths] of Object.entries(visits)) {
      const page = await as(person as keyof typeof visits, { viewport })
      for (const path of paths) {
        await page.goto(path)
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
        // Next.js may stream the title after the content.
        await expect(page).toHaveTitle(/Postern/)
        for (const colorScheme of colorSchemes) {
          await showIn(page, colorScheme)
          expect.soft(await axeFindings(page), `${person} at ${path}, ${colorScheme}`).toEqual([])
          expect.soft(await excessWidth(page), `${person} at ${path}, ${colorScheme}, scrolls sideways`).toBe(0)
        }
      }
    }
  })
}

test('no page for signed-out visitors has an accessibility problem', async ({ browser, stage }) => {
  const page = await browser.newPage({ baseURL: stage.url })
  for (const path of ['/sign-in', '/sign-in?error=OAuthCallback', '/signed-out', '/no-such-page']) {
    await page.goto(path)
    await expect(page).toHaveTitle(/Postern/)
    for (const colorScheme of colorSchemes) {
      await showIn(page, colorScheme)
      expect.soft(await axeFindings(page), `${path}, ${colorScheme}`).toEqual([])
    }
  }
})

test('every page forbids framing, foreign scripts and content sniffing', async ({ as, stage }) => {
  const mina = await as('mina')
  for (const path of pages) {
    const response = await mina.goto(path)
    const headers = response?.headers() ?? {}
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
