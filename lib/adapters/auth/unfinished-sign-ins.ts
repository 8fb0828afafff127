import { createHash } from 'node:crypto'
import { clearedCookie, cookieOf, cookieSettings } from './cookies.ts'

// The cookies of sign-ins that have not finished. Their names contain the sign-in's `state`, so that two tabs in which a
// sign-in was started both finish, each at its own page.

/** How many a browser may have. With more, its Cookie header could exceed the limit of a proxy, 8 KB in nginx. */
const mostUnfinished = 3

const baseNames = () => {
  const { pkceCodeVerifier, state, nonce, callbackUrl } = cookieSettings()
  return [pkceCodeVerifier, state, nonce, callbackUrl].map(({ name }) => name)
}

const suffixOf = (state: string) => createHash('sha256').update(state).digest('base64url').slice(0, 12)

/** The ids of the sign-ins whose cookies a request has, oldest first, because browsers send older cookies first. */
function unfinishedIn(headers: Headers): string[] {
  const { name } = cookieSettings().state
  const names = (headers.get('cookie') ?? '').split(';').map((pair) => pair.split('=')[0]?.trim() ?? '')
  return names.filter((one) => one.startsWith(`${name}.`)).map((one) => one.slice(name.length + 1))
}

export const hasUnfinished = (headers: Headers): boolean => unfinishedIn(headers).length > 0

const decoded = (value: string): string => {
  try {
    return decodeURIComponent(value)
  } catch {
    return ''
  }
}

/** The cookies of the sign-in with this `state`, under next-auth's names; undefined if this browser did not start it. */
export function cookiesOf(headers: Headers, state: string | undefined): Record<string, string> | undefined {
  if (state === undefined) return undefined
  const suffix = suffixOf(state)
  const found = baseNames().flatMap((name) => {
    const value = cookieOf(headers, `${name}.${suffix}`)
    return value === undefined ? [] : [[name, decoded(value)] as const]
  })
  return found.length > 0 ? Object.fromEntries(found) : undefined
}

/** next-auth's Set-Cookie lines for a new sign-in, with names for this `state`, and lines that clear the oldest ones. */
export function startedCookies(answer: Response, state: string, headers: Headers): string[] {
  const suffix = suffixOf(state)
  const lines = answer.headers.getSetCookie().flatMap((line) => {
    const name = baseNames().find((one) => line.startsWith(`${one}=`))
    return name === undefined ? [] : [`${name}.${suffix}${line.slice(name.length)}`]
  })
  const oldest = unfinishedIn(headers).slice(0, -(mostUnfinished - 1))
  return [...lines, ...oldest.flatMap((one) => baseNames().map((name) => clearedCookie(`${name}.${one}`)))]
}

/** Set-Cookie lines that clear the cookies of the sign-in with this `state`. */
export const finishedCookies = (state: string | undefined): string[] =>
  state === undefined ? [] : baseNames().map((name) => clearedCookie(`${name}.${suffixOf(state)}`))
