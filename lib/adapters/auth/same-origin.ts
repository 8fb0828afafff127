/**
 * Did a browser send this from one of Postern's own pages? A page's script can't set Sec-Fetch-Site (W3C Fetch
 * Metadata), and browsers without it send Origin with every POST. A call with neither header is refused.
 */
export function isSameOrigin(headers: Headers, publicOrigin: string): boolean {
  const site = headers.get('sec-fetch-site')
  const origin = headers.get('origin')
  if (site !== null && site !== 'same-origin') return false
  if (origin !== null) return origin === publicOrigin
  return site === 'same-origin'
}
