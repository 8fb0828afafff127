import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { type BrowserContext, test as base, expect, type Page } from '@playwright/test'
import { bearerToken } from '#local/parts/sign-in'
import { waitForReactOnVisits } from './react.ts'
import type { Stage } from './stage.ts'

export { expect }

export type Person = 'mina' | 'jonas' | 'priya' | 'sam' | 'tomas' | 'ines' | 'ola'

type Answer<T> = { status: number; headers: Headers; body: T }
/** A client of `/api/v1` as one person. `path` begins after `/api/v1`. */
export type Api = <T = Record<string, never>>(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer<T>>

export type KubectlAnswer = { code: number; stdout: string; stderr: string }
export type Kubectl = (...args: string[]) => Promise<KubectlAnswer>

type Fixtures = {
  /**
   * An empty page in a browser context of its own, signed in. Any console error fails the test. `goto` and `reload` of its
   * pages wait until React has taken over.
   */
  as: (person: Person, options?: Parameters<import('@playwright/test').Browser['newContext']>[0]) => Promise<Page>
  api: (person: Person) => Promise<Api>
  /** The real kubectl with this kubeconfig. */
  kubectlWith: (kubeconfig: string) => Kubectl
}

/** Signs in through the identity provider by the calls that a browser makes, because its pages take much longer. */
async function signIn({ request }: BrowserContext, { url, identity }: Stage, person: Person) {
  const [headers, form] = [{ origin: url }, { callbackUrl: '/settings' }]
  const chooser = await request.post('/api/auth/signin/oidc', { headers, form })
  expect(chooser.url()).toContain(`${identity.issuer}/sign-in/`)
  const arrival = await request.post(chooser.url(), { form: { person } })
  expect([arrival.url(), arrival.status()]).toEqual([`${url}/settings`, 200])
}

const tokens = new Map<Person, Promise<string>>()
/** One token for each person: it is valid for an hour. */
function tokenOf({ identity }: Stage, person: Person): Promise<string> {
  const token = tokens.get(person) ?? bearerToken(identity, person)
  tokens.set(person, token)
  return token
}

/** The API as this person calls it. */
export async function apiOf(stage: Stage, person: Person): Promise<Api> {
  const token = await tokenOf(stage, person)
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${stage.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : {} }
  }
}

export const test = base.extend<Fixtures, { stage: Stage }>({
  stage: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the needed fixtures from this pattern.
    async ({}, use) => {
      await use(JSON.parse(readFileSync(process.env.POSTERN_STAGE ?? '', 'utf8')))
    },
    { scope: 'worker' },
  ],
  as: async ({ browser, stage }, use) => {
    const consoleErrors: Array<{ text: string; about: string }> = []
    const addresses = new Set<string>()
    const pathOf = (url: string) => url.replace(/[?#].*/s, '')
    await use(async (person, options = {}) => {
      const context = await browser.newContext({ baseURL: stage.url, ...options })
      if (options.javaScriptEnabled !== false) context.on('page', waitForReactOnVisits)
      await signIn(context, stage, person)
      const page = await context.newPage()
      const record = (text: string, about = '') =>
        consoleErrors.push({ text: `${person} at ${page.url()}: ${text} (${about})`, about })
      page.on('pageerror', (error) => record(error.message))
      page.on('request', (request) => {
        if (request.isNavigationRequest()) addresses.add(pathOf(request.url()))
      })
      page.on('console', (message) => {
        if (message.type() === 'error') record(message.text(), message.location().url)
      })
      return page
    })
    for (const context of browser.contexts()) await context.close()
    // The browser logs an expected 404 of a page itself, also when the page refreshes and the router adds a query. These
    // are filtered out at the end, because the console message may arrive before the request event.
    const isExpected404 = ({ text, about }: (typeof consoleErrors)[number]) =>
      text.includes('404') && addresses.has(pathOf(about))
    // It also logs a denial that came too late, which the page shows to its author.
    const isLateDenial = ({ text, about }: (typeof consoleErrors)[number]) =>
      text.includes('409') && /\/requests\/req_\w+\/decisions$/.test(about)
    const unexpected = consoleErrors.filter((one) => !isExpected404(one) && !isLateDenial(one)).map(({ text }) => text)
    expect(unexpected, 'console errors of the pages').toEqual([])
  },
  api: ({ stage }, use) => use((person) => apiOf(stage, person)),
  kubectlWith: async ({ stage }, use, testInfo) => {
    let files = 0
    await use((kubeconfig) => {
      const file = testInfo.outputPath(`kubeconfig-${files++}`)
      writeFileSync(file, kubeconfig, { mode: 0o600 })
      return (...args) =>
        new Promise((resolve) => {
          const all = [
            `--kubeconfig=${file}`,
            `--cache-dir=${testInfo.outputPath('kubectl-cache')}`,
            '--request-timeout=60s',
            ...args,
          ]
          execFile(stage.kubernetes.kubectl, all, { timeout: 60_000 }, (error, stdout, stderr) =>
            resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
          )
        })
    })
  },
})
