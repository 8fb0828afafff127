import { type Browser, type BrowserContext, chromium } from '@playwright/test'
import { findChromium } from '#local/parts/chromium'

type PageScripts = { path: string; kilobytes: number }

const paths = [
  ...['/sign-in', '/access', '/requests/new', '/requests/new?entitlement=decided', '/check-access', '/inbox', '/live'],
  ...['/history', '/clusters', '/guardrails', '/settings'],
]

/** Kilobytes, with the headers, of the compressed scripts that a browser receives on its first visit of a page. */
export async function scriptKilobytes(context: BrowserContext, path: string): Promise<number> {
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  const scripts = new Set<string>()
  let bytes = 0
  session.on('Network.responseReceived', ({ requestId, type }) => type === 'Script' && scripts.add(requestId))
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (scripts.has(requestId)) bytes += encodedDataLength
  })
  await page.goto(path, { waitUntil: 'networkidle' })
  await context.close()
  return bytes / 1000
}

async function measureEach(browser: Browser, url: string): Promise<PageScripts[]> {
  const signedIn = await browser.newContext({ baseURL: url })
  const first = await signedIn.newPage()
  await first.goto('/access')
  await first.getByRole('button', { name: /identity provider/i }).click()
  await first.getByRole('button', { name: /Mina Okafor/ }).click()
  await first.getByRole('heading', { level: 1, name: 'Access' }).waitFor()
  const cookies = await signedIn.cookies()
  const measured: PageScripts[] = []
  for (const path of paths) {
    const context = await browser.newContext({ baseURL: url })
    if (path !== '/sign-in') await context.addCookies(cookies)
    measured.push({ path, kilobytes: await scriptKilobytes(context, path) })
  }
  return measured
}

/** The scripts of each page of a running Postern with the demo's people. */
export async function measureScripts(url: string): Promise<PageScripts[]> {
  const executablePath = await findChromium(() => {})
  const browser = await chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    args: ['--no-sandbox', '--disable-background-networking'],
  })
  try {
    return await measureEach(browser, url)
  } finally {
    await browser.close()
  }
}

export const mostKilobytes = 160

export const scriptRows = (measured: PageScripts[]): string[] =>
  measured.map(
    ({ path, kilobytes }) =>
      `| scripts of \`${path}\`, compressed | ${kilobytes.toFixed(0)} kB | ≤ ${mostKilobytes} kB | ${kilobytes <= mostKilobytes ? 'yes' : 'no'} |`,
  )
