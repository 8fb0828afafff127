import { UsageError } from '../usage-error.ts'

const loopback = ['localhost', '127.0.0.1', '[::1]']

export const isLoopback = (url: URL): boolean => url.protocol === 'http:' && loopback.includes(url.hostname)

/**
 * The origin of a server. NB: tokens are sent there, so it must use https; plain http is for this machine only.
 * @throws UsageError
 */
export function serverOrigin(text: string): string {
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`
  if (!URL.canParse(withScheme)) throw new UsageError(`${text} is not a valid URL.`)
  const url = new URL(withScheme)
  if (url.protocol !== 'https:' && !isLoopback(url))
    throw new UsageError(`${url.origin} must use https. Plain http is allowed for this machine only.`)
  if (url.username || url.password) throw new UsageError('The URL of the server must not contain a password.')
  return url.origin
}
