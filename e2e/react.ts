import type { Page } from '@playwright/test'

/** Has React taken over the open page, with its parts that arrive later? It keeps this in properties with these names. */
async function isTakenOver(): Promise<boolean> {
  const isOfReact = document.querySelector('script[src*="/_next/"]') !== null
  if (!isOfReact) return true
  const container = Object.keys(document).find((key) => key.startsWith('__reactContainer$'))
  if (!container || Reflect.get(document, container).stateNode.current.memoizedState.isDehydrated) return false
  const fiber = container.replace('Container', 'Fiber')
  if (![...document.querySelectorAll('main, main *')].every((element) => fiber in element)) return false
  // React may still have to add what it has prepared, and to run the effects, which listen to keys: before the browser is idle.
  await new Promise((resolve) => requestIdleCallback(resolve))
  return true
}

/** Until React has taken over a page that the browser has loaded, keys, clicks and drags do nothing. */
export const waitForReact = (page: Page) => page.waitForFunction(isTakenOver)

/** From now on `goto` and `reload` of this page wait until React has taken over. */
export function waitForReactOnVisits(page: Page): void {
  const { goto, reload } = page
  const waited = async <T>(visit: Promise<T>) => {
    const response = await visit
    await waitForReact(page)
    return response
  }
  page.goto = (...args) => waited(goto.apply(page, args))
  page.reload = (...args) => waited(reload.apply(page, args))
}
