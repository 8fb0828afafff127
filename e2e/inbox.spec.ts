import type { Page } from '@playwright/test'
import type { RequestResource } from '#lib/core/access/request-resource'
import { type Api, expect, test } from './fixtures.ts'
import { approve, grantOf, post, type Submitted, submit } from './grants.ts'

/** A reason and terms that need several screens of a phone. */
const aLongRequest = () => ({
  reason: Array.from({ length: 40 }, (_, line) => `${line}: the deploy of the checkout hangs`).join('\n'),
  namespaces: ['payments', 'checkout'],
})

/** What a tap in the middle of the button hits, when the button is not hit itself. */
const coveredBy = (page: Page, name: RegExp) =>
  page.getByRole('button', { name }).evaluate((button) => {
    const { left, top, width, height } = button.getBoundingClientRect()
    const hit = document.elementFromPoint(left + width / 2, top + height / 2)
    return button.contains(hit) ? null : (hit?.outerHTML.slice(0, 80) ?? 'outside of the window')
  })

for (const [width, height] of [
  [390, 844],
  [360, 640],
  [720, 450],
  [1440, 900],
] as const) {
  test(`nothing covers Approve and Deny of a long request at ${width} × ${height}`, async ({ as, api }) => {
    const request = await submit(await api('mina'), aLongRequest())
    const priya = await as('priya', { viewport: { width, height } })
    for (const path of [`/inbox?request=${request.id}`, `/requests/${request.id}`]) {
      await priya.goto(path)
      await expect(priya.getByRole('button', { name: 'Deny' })).toBeVisible()
      // At the top, in the middle, and where the request ends.
      for (const at of [0, 0.5, 1]) {
        await priya.evaluate((share) => window.scrollTo(0, share * (document.body.scrollHeight - innerHeight)), at)
        for (const name of [/^Approve for/, /^Deny$/])
          expect(await coveredBy(priya, name), `${path} at ${at}: ${name}`).toBeNull()
      }
    }
    if (width >= 1440) {
      await priya.goto(`/inbox?request=${request.id}`)
      const excess = () => document.documentElement.scrollHeight - document.documentElement.clientHeight
      expect(await priya.evaluate(excess), 'only the panes scroll').toBe(0)
    }
    await priya.getByRole('button', { name: /^Approve for/ }).click()
    await expect(priya.locator('#decided').getByRole('status')).not.toHaveText('pending')
  })
}

test('a phone receives the list alone, and a tap opens a request', async ({ as, api }) => {
  const { inbox } = await waitingRequests(await api('mina'), 1)
  const decide = 'button[value=deny]'
  const [desktop, phone] = [
    await as('priya', { viewport: { width: 390, height: 844 } }),
    await as('priya', { viewport: { width: 390, height: 844 }, extraHTTPHeaders: { 'sec-ch-ua-mobile': '?1' } }),
  ]
  await desktop.goto(inbox)
  await expect(desktop.locator(decide)).toBeAttached()
  await phone.goto(inbox)
  await expect(rows(phone)).toHaveCount(1)
  await expect(phone.locator(decide)).not.toBeAttached()
  await rows(phone).click()
  await expect(phone.locator(decide)).toBeVisible()
})

/** Requests whose reasons share a word that no other request has, and the address of an inbox that shows only them. */
async function waitingRequests(mina: Api, count: number) {
  const word = crypto.randomUUID()
  const requests: Submitted[] = []
  for (let i = 0; i < count; i++) requests.push(await post(mina, { reason: `Payments hang, ${word}, number ${i}` }))
  return { requests, inbox: `/inbox?q=${word}` }
}

/** One after the other: the API works on a few calls of a person at a time. */
async function statusesOf(api: Api, requests: Array<{ id: string }>) {
  const statuses: string[] = []
  for (const { id } of requests) statuses.push((await api<RequestResource>('GET', `/requests/${id}`)).body.status)
  return statuses
}
const rows = (page: Page) => page.locator('[data-row=opens]')
const openRow = (page: Page) => page.locator('[data-row=opens][aria-current=true]')

test('an approver with 66 waiting decides ten by keyboard alone, and only what is on screen', async ({ as, api }) => {
  test.setTimeout(600_000)
  const [mina, priya] = await Promise.all([api('mina'), as('priya')])
  const { requests, inbox } = await waitingRequests(mina, 66)
  // What each decision was about, and what its author could read at that moment.
  await priya.addInitScript(() => {
    const decided: object[] = []
    Object.assign(window, { decided })
    addEventListener(
      'submit',
      ({ target, submitter }) => {
        if (!(target instanceof HTMLFormElement) || !submitter) return
        const link = document.querySelector<HTMLAnchorElement>('#request-headline a')
        const { left = -1, top = -1 } = link?.getBoundingClientRect() ?? {}
        const isRead = link?.contains(document.elementFromPoint(left + 4, top + 4)) ?? false
        const id = new FormData(target).get('requestId')
        decided.push({ id, shown: isRead ? link?.pathname.split('/').at(-1) : 'nothing' })
      },
      true,
    )
  })
  await priya.goto(inbox)
  await expect(priya.getByText(/^66 of \d+ waiting requests$/)).toBeVisible()
  await expect(rows(priya)).toHaveCount(50)
  await expect(priya.getByRole('link', { name: 'Show 16 more of 16' })).toBeVisible()
  await expect(openRow(priya)).toHaveAttribute('data-request', requests[0]?.id ?? '')

  for (let i = 0; i < 10; i++) {
    const [key, button] = i % 5 === 0 ? (['a', /^Approve for/] as const) : (['d', /^Deny$/] as const)
    await expect(openRow(priya)).toHaveAttribute('data-request', requests[i]?.id ?? '')
    await expect(priya.locator(`#request-headline a[href="/requests/${requests[i]?.id}"]`)).toBeInViewport()
    await priya.keyboard.press(key)
    await expect(priya.getByRole('button', { name: button })).toBeFocused()
    await priya.keyboard.press('Enter')
    await expect(priya.getByRole('link', { name: 'Next request' })).toBeFocused()
    await priya.keyboard.press('Enter')
    await expect(priya.locator('#request-headline')).toBeFocused()
  }
  const decided = requests.slice(0, 10)
  expect(await priya.evaluate(() => Reflect.get(window, 'decided'))).toEqual(
    decided.map(({ id }) => ({ id, shown: id })),
  )
  // The last denials are sent in ten seconds.
  await expect
    .poll(() => statusesOf(mina, decided), { timeout: 60_000 })
    .toEqual(decided.map((_, i) => (i % 5 === 0 ? 'approved' : 'denied')))
  expect(new Set(await statusesOf(mina, requests.slice(10)))).toEqual(new Set(['pending']))
})

test('j and k walk through the whole list and keep the row and the request beside it in view', async ({ as, api }) => {
  test.setTimeout(600_000)
  const [mina, priya] = await Promise.all([api('mina'), as('priya')])
  const { requests, inbox } = await waitingRequests(mina, 52)
  await priya.goto(inbox)
  await expect(openRow(priya)).toBeVisible()
  // Faster than the pages load: each key moves on from the row with the focus.
  for (let i = 0; i < 49; i++) await priya.keyboard.press('j')
  const last = priya.locator(`[data-request="${requests[49]?.id}"]`)
  await expect(last).toBeFocused()
  await expect(last).toBeInViewport({ ratio: 1 })
  await expect(priya.locator(`#request-headline a[href="/requests/${requests[49]?.id}"]`)).toBeInViewport()
  await expect(priya.getByRole('button', { name: 'Deny' })).toBeInViewport({ ratio: 1 })
  await priya.keyboard.press('j')
  await priya.keyboard.press('Enter')
  await expect(rows(priya)).toHaveCount(52)
  await priya.keyboard.press('k')
  await expect(priya.locator(`#request-headline a[href="/requests/${requests[48]?.id}"]`)).toBeInViewport()
})

test('a denial can be taken back until it is sent, and leaving the page sends it', async ({ as, api }) => {
  const [mina, priya] = await Promise.all([api('mina'), as('priya')])
  const { requests, inbox } = await waitingRequests(mina, 3)
  const [kept, denied, left] = requests.map(({ id }) => id)
  const deny = async (page: Page, id: string | undefined) => {
    await page.goto(`${inbox}&request=${id}`)
    await page.getByRole('textbox', { name: 'Note', exact: true }).fill('Not during the sale')
    await page.getByRole('button', { name: 'Deny', exact: true }).click()
    await expect(page.getByText('Denied.')).toBeVisible()
  }
  await deny(priya, kept)
  await priya.getByRole('button', { name: 'Undo' }).first().click()
  await expect(priya.getByRole('button', { name: 'Deny', exact: true })).toBeVisible()
  await deny(priya, denied)
  // Ten seconds later than the first would have been sent.
  await expect.poll(() => statusesOf(mina, [{ id: denied ?? '' }]), { timeout: 60_000 }).toEqual(['denied'])
  await deny(priya, left)
  await priya.goto('about:blank')
  await expect.poll(() => statusesOf(mina, [{ id: left ?? '' }]), { timeout: 60_000 }).toEqual(['denied'])
  expect(await statusesOf(mina, [{ id: kept ?? '' }])).toEqual(['pending'])
  const { body } = await mina<RequestResource>('GET', `/requests/${left}`)
  expect(body.decisions.map(({ note }) => note)).toEqual(['Not during the sale'])
})

test('several requests are denied together, and the one that was approved meanwhile says so', async ({ as, api }) => {
  const [mina, lead, priya] = await Promise.all([api('mina'), api('priya'), as('priya')])
  const { requests, inbox } = await waitingRequests(mina, 3)
  await priya.goto(`${inbox}&group=requester`)
  await expect(openRow(priya)).toBeVisible()
  await priya.keyboard.press('k')
  for (const { id } of requests) {
    await priya.locator(`[data-request="${id}"]`).focus()
    await priya.keyboard.press('x')
  }
  await priya.getByRole('textbox', { name: 'Note for the selected requests' }).fill('One change at a time')
  await priya.getByRole('button', { name: 'Deny 3 requests' }).click()
  await expect(priya.getByText('Denying 3 requests')).toBeVisible()
  const [first, ...others] = requests
  if (!first) throw new Error('there is no first request')
  await approve(lead, first)
  await expect.poll(() => statusesOf(mina, others), { timeout: 60_000 }).toEqual(['denied', 'denied'])
  await expect(priya.getByRole('alert').filter({ hasText: /^Not denied: Mina Okafor/ })).toContainText(/already/)
  expect(await statusesOf(mina, [first])).toEqual(['approved'])
})

test('the keys bring a headline back that is out of view before they reach a button', async ({ as, api }) => {
  const request = await submit(await api('mina'), aLongRequest())
  const priya = await as('priya', { viewport: { width: 720, height: 450 } })
  await priya.goto(`/inbox?request=${request.id}`)
  const deny = priya.getByRole('button', { name: 'Deny', exact: true })
  await expect(deny).toBeVisible()
  await priya.evaluate(() => window.scrollTo(0, document.body.scrollHeight))
  await expect(priya.locator('#request-headline')).not.toBeInViewport()
  await priya.keyboard.press('d')
  await expect(priya.locator('#request-headline')).toBeInViewport()
  await expect(deny).not.toBeFocused()
  await priya.keyboard.press('d')
  await expect(deny).toBeFocused()
})

test('a key that is pressed in the moment in which React takes over is not lost', async ({ as, api }) => {
  const request = await submit(await api('mina'))
  const priya = await as('priya')
  await priya.addInitScript(() => {
    // One task after the other, so that one of them runs right after the one in which React takes over.
    const { port1, port2 } = new MessageChannel()
    port2.onmessage = () => {
      const container = Object.keys(document).find((key) => key.startsWith('__reactContainer$'))
      const state = container && Reflect.get(document, container).stateNode.current.memoizedState
      if (!state || state.isDehydrated) return port1.postMessage(null)
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'd', bubbles: true, cancelable: true }))
      Object.assign(window, { focusAfterKey: document.activeElement?.textContent })
    }
    port1.postMessage(null)
  })
  await priya.goto(`/inbox?request=${request.id}`)
  await expect.poll(() => priya.evaluate(() => Reflect.get(window, 'focusAfterKey'))).toBe('Deny')
})

test('an approval offers to revoke the access at once', async ({ as, api }) => {
  const [mina, priya] = await Promise.all([api('mina'), as('priya')])
  const request = await submit(mina)
  await priya.goto(`/inbox?request=${request.id}`)
  await priya.getByRole('button', { name: /^Approve for/ }).click()
  await priya.getByRole('button', { name: 'Revoke access' }).click()
  await priya.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('Approved by mistake')
  await priya.getByRole('dialog').getByRole('button', { name: 'Revoke access' }).click()
  const grant = await grantOf(mina, request.id, 'ended')
  expect(grant).toMatchObject({ endedBy: 'revocation', endNote: 'Approved by mistake' })
})

test('filters stand in the address and work without scripts', async ({ as, api }) => {
  const [mina, priya] = await Promise.all([api('mina'), as('priya', { javaScriptEnabled: false })])
  const { requests, inbox } = await waitingRequests(mina, 2)
  const other = await submit(mina)
  await priya.goto(inbox)
  await expect(rows(priya)).toHaveCount(requests.length)
  await priya.getByRole('combobox', { name: 'Sort' }).selectOption('risk')
  await priya.getByRole('button', { name: 'Apply' }).click()
  await expect(priya).toHaveURL(/sort=risk/)
  await expect(rows(priya)).toHaveCount(requests.length)
  await priya.goto(`${inbox}&severity=nothing`)
  await expect(priya.getByText('No requests match this filter.')).toBeVisible()
  await priya.goto(`/inbox?request=${other.id}`)
  await priya.getByRole('button', { name: 'Deny', exact: true }).click()
  expect(await statusesOf(mina, [other])).toEqual(['denied'])
})
