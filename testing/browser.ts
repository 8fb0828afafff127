import { beginSignIn, finishSignIn } from '#lib/adapters/auth/sign-in'
import { signInAs } from '#local/parts/sign-in'
import { testRedirectUri, testUrl } from './identity.ts'

/** A browser, as far as Postern is concerned: its cookies. */
export type Browser = {
  cookies: Map<string, string>
  /** A request as the browser sends it from one of Postern's own pages. */
  request(path: string, init?: RequestInit): Request
  keep(response: Response): Response
}

export function aBrowser(): Browser {
  const cookies = new Map<string, string>()
  return {
    cookies,
    request(path, init = {}) {
      const headers = new Headers(init.headers)
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
      if (!headers.has('sec-fetch-site')) headers.set('sec-fetch-site', 'same-origin')
      return new Request(new URL(path, testUrl), { ...init, headers })
    },
    keep(response) {
      for (const line of response.headers.getSetCookie()) {
        const [pair = '', ...attributes] = line.split(';')
        const at = pair.indexOf('=')
        const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
        const isOver = attributes.some((attribute) => /max-age=0|expires=Thu, 01 Jan 1970/i.test(attribute))
        if (isOver || value === '') cookies.delete(name)
        else cookies.set(name, value)
      }
      return response
    },
  }
}

/** Where a response redirects to, without the reference that is new for each refusal. */
export const withoutReference = (response: Response): string =>
  (response.headers.get('location') ?? '').replace(/&reference=[0-9A-Za-z]{10}$/, '')

/** Begins a sign-in. Returns the identity provider's URL to which the browser is redirected. */
export async function beginAt(browser: Browser, from = '/'): Promise<string> {
  const form = new URLSearchParams({ callbackUrl: from })
  const response = browser.keep(
    await beginSignIn(browser.request('/api/auth/signin/oidc', { method: 'POST', body: form })),
  )
  return response.headers.get('location') ?? ''
}

/** A whole sign-in, from Postern to the local identity provider and back. Returns the response that sets the session. */
export async function signInWith(browser: Browser, person: string, from = '/'): Promise<Response> {
  const back = await signInAs(await beginAt(browser, from), testRedirectUri, person)
  return browser.keep(await finishSignIn(browser.request(back)))
}
