import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium } from '@playwright/test'
import { findChromium } from '#local/parts/chromium'
import { localPeople } from '#local/parts/identity-people'
import { checkout, stateDirectory } from '#local/processes/places'

// `npm run screenshots`: the screenshots in the documentation, taken of the running demo. `-- --all FOLDER` takes
// every page at three widths in both themes.

const demo = JSON.parse(readFileSync(join(stateDirectory, 'demo.json'), 'utf8')) as { url: string }
const all = process.argv[2] === '--all' ? process.argv[3] : undefined
const pages = [
  '/access',
  '/requests/new?entitlement=payments-restart',
  '/inbox',
  '/history',
  '/clusters',
  '/guardrails',
]
const widths = { phone: 390, laptop: 1024, wide: 1600 }

async function signedIn(browser: Browser, person: string, options: Parameters<Browser['newContext']>[0]) {
  const page = await (await browser.newContext({ baseURL: demo.url, ...options })).newPage()
  await page.goto('/access')
  await page.getByRole('button', { name: /identity provider/i }).click()
  await page.getByRole('button', { name: new RegExp(localPeople.get(person)?.name ?? person) }).click()
  await page.getByRole('heading', { level: 1, name: 'Access' }).waitFor()
  return page
}

const executablePath = await findChromium(() => {})
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking'] })
try {
  if (all) {
    for (const colorScheme of ['light', 'dark'] as const)
      for (const [device, width] of Object.entries(widths)) {
        const page = await signedIn(browser, 'tomas', { colorScheme, viewport: { width, height: 900 } })
        for (const path of pages) {
          await page.goto(path, { waitUntil: 'networkidle' })
          const name = path.replace(/\W+/g, '-').replace(/^-|-$/g, '') || 'access'
          await page.screenshot({ path: join(all, `${name}-${device}-${colorScheme}.png`), fullPage: true })
        }
      }
  } else {
    const folder = join(checkout, 'docs/screenshots')
    mkdirSync(folder, { recursive: true })
    const page = await signedIn(browser, 'tomas', { viewport: { width: 1280, height: 760 }, deviceScaleFactor: 1.5 })
    await page.goto('/inbox', { waitUntil: 'networkidle' })
    await page.screenshot({ path: join(folder, 'inbox.png') })
  }
} finally {
  await browser.close()
}
