import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** axe for the open page, which gets its half megabyte of script only once. */
async function axeFor(page: Page): Promise<AxeBuilder> {
  const isThere = await page.evaluate(() => 'axe' in window)
  const axe = new AxeBuilder({ page, ...(isThere ? { axeSource: 'void 0' } : {}) })
  return axe.options({ resultTypes: ['violations'] }).setLegacyMode()
}

/**
 * The accessibility problems that axe finds on a page, one line per rule. Our pages have no frames, so axe runs in the page
 * itself (`legacy` mode) and reports only violations; copying everything that passed took longer than the checks.
 */
async function findingsOf(axe: AxeBuilder): Promise<string[]> {
  const { violations } = await axe.analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`)
}

/** The problems of an open page. */
export const axeFindings = async (page: Page): Promise<string[]> => findingsOf((await axeFor(page)).withTags(rules))

/** Those of the rules that read colours: for the second theme of a page that was checked by all rules in the first one. */
export const colorFindings = async (page: Page): Promise<string[]> =>
  findingsOf((await axeFor(page)).withRules(['color-contrast', 'link-in-text-block']))

/** The pixels by which a page is wider than its window. */
export const excessWidth = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

export const colorSchemes = ['light', 'dark'] as const

/** Shows the open page in these colours, and waits until they no longer fade from those before. */
export async function showIn(page: Page, colorScheme: (typeof colorSchemes)[number]) {
  await page.emulateMedia({ colorScheme })
  // Finished and not awaited: the transition of an element that is not painted never ends on its own.
  await page.evaluate(() => {
    for (const animation of document.getAnimations()) if (animation instanceof CSSTransition) animation.finish()
  })
}
