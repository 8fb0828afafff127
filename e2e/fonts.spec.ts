import type { Page } from '@playwright/test'
import { expect, test } from './fixtures.ts'

/** The bytes of each font that the page has loaded. */
const loadedFonts = (page: Page) =>
  page.evaluate(async () => {
    await document.fonts.ready
    const fonts = performance.getEntriesByType('resource').filter(({ name }) => name.includes('.woff2'))
    return fonts.map((font) => (font as PerformanceResourceTiming).encodedBodySize)
  })

test('a page in English loads two fonts of at most 20 kB each, and another one for other letters', async ({ as }) => {
  const page = await as('mina')
  await page.goto('/access')
  const fonts = await loadedFonts(page)
  expect(fonts).toHaveLength(2)
  for (const bytes of fonts) expect(bytes).toBeLessThanOrEqual(20_000)
  await page.getByLabel('Paste a Forbidden error').fill('Łukasz Жук')
  await expect.poll(() => loadedFonts(page)).toHaveLength(3)
})
