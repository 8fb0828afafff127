import { type Browser, chromium } from '@playwright/test'
import { findChromium } from '#local/parts/chromium'
import { sessionCookie } from '#local/parts/sign-in'

// How long does a phone take to show the pages that people open first, and how long is it blocked meanwhile? The phone is
// the one that Lighthouse simulates: a processor four times as slow, 150 ms and 1.6 Mbit/s away. Only a quiet machine has
// comparable figures.

type Loading = {
  path: string
  /** Milliseconds: the first and the largest content, and what long tasks have beyond 50 ms after the first content. */
  first: number
  largest: number
  blocked: number
  /** Cumulative layout shift. */
  shift: number
}

const phone = { viewport: { width: 412, height: 823 }, deviceScaleFactor: 1.75, isMobile: true, hasTouch: true }
const slowProcessor = { rate: 4 }
const slowNetwork = { offline: false, latency: 150, downloadThroughput: 204_800, uploadThroughput: 93_750 }
/** Visits of each page, of which the median counts. */
const visits = 5

/** Collects in the page what the browser reports. */
function observe() {
  const seen = { first: 0, largest: 0, shift: 0, tasks: [] as Array<{ at: number; took: number }> }
  Object.assign(window, { seen })
  const on = (type: string, note: (entry: PerformanceEntry) => void) =>
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true })
  on('paint', ({ name, startTime }) => {
    if (name === 'first-contentful-paint') seen.first = startTime
  })
  on('largest-contentful-paint', ({ startTime }) => {
    seen.largest = startTime
  })
  on('layout-shift', (entry) => {
    seen.shift += Number(Reflect.get(entry, 'value'))
  })
  on('longtask', ({ startTime, duration }) => seen.tasks.push({ at: startTime, took: duration }))
}

async function visit(browser: Browser, url: string, path: string, cookie: string): Promise<Loading> {
  const context = await browser.newContext({ baseURL: url, ...phone })
  await context.addCookies(
    cookie
      .split('; ')
      .map((pair) => ({ name: pair.slice(0, pair.indexOf('=')), value: pair.slice(pair.indexOf('=') + 1), url })),
  )
  const page = await context.newPage()
  await page.addInitScript(observe)
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', slowNetwork)
  await session.send('Emulation.setCPUThrottlingRate', slowProcessor)
  await page.goto(path, { waitUntil: 'networkidle' })
  const { tasks, ...times } = await page.evaluate<
    Omit<Loading, 'path' | 'blocked'> & { tasks: Array<{ at: number; took: number }> }
  >(() => Reflect.get(window, 'seen'))
  await context.close()
  const blocked = tasks.filter(({ at }) => at >= times.first).reduce((sum, { took }) => sum + took - 50, 0)
  return { path, ...times, blocked }
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** @param people the person who opens each page */
export async function measureLoading(url: string, people: Record<string, string>): Promise<Loading[]> {
  const executablePath = await findChromium(() => {})
  const browser = await chromium.launch({ ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] })
  try {
    const measured: Loading[] = []
    for (const [path, person] of Object.entries(people)) {
      const cookie = await sessionCookie(url, person)
      const all: Loading[] = []
      for (let i = 0; i < visits; i++) all.push(await visit(browser, url, path, cookie))
      const of = (key: 'first' | 'largest' | 'blocked' | 'shift') => median(all.map((one) => one[key]))
      measured.push({ path, first: of('first'), largest: of('largest'), blocked: of('blocked'), shift: of('shift') })
    }
    return measured
  } finally {
    await browser.close()
  }
}

const [mostLargest, mostBlocked] = [2_500, 300]

export const loadingRows = (measured: Loading[]): string[] =>
  measured.map(({ path, first, largest, blocked, shift }) => {
    const times = `first content ${first.toFixed(0)} ms, largest ${largest.toFixed(0)} ms, blocked ${blocked.toFixed(0)} ms, shift ${shift.toFixed(3)}`
    const isMet = largest <= mostLargest && blocked <= mostBlocked
    return `| \`${path}\` with 66 waiting requests, on a slow phone | ${times} | largest ≤ ${mostLargest} ms, blocked ≤ ${mostBlocked} ms | ${isMet ? 'yes' : 'no'} |`
  })
