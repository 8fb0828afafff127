/**
 * Did a browser send this from one of Postern's own pages? Sec-Fetch-Site cannot be set by a page's script (Fetch
 * Metadata, W3C); browsers without it send Origin with every POST. A call that carries neither is refused.
 */
export function isSameOrigin(headers: Headers, publicOrigin: string): boolean {
  const site = headers.get('sec-fetch-site')
  const origin = headers.get('origin')
  if (site !== null && site !== 'same-origin') return false
  if (origin !== null) return origin === publicOrigin
  return site === 'same-origin'
}
