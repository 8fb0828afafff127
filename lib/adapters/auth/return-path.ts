/**
 * The path to return to after sign-in: that of `url` with its query if it is within `origin`, otherwise `/`. A path
 * that a browser could read as another host (`//host`, `/\host`) is rejected.
 */
export function pathWithin(url: string, origin: string): string {
  const target = URL.parse(url, origin)
  if (!target || target.origin !== origin || /^\/[/\\]/.test(target.pathname)) return '/'
  if (target.pathname.startsWith('/api/') || target.pathname === '/sign-in') return '/'
  return `${target.pathname}${target.search}${target.hash}`
}
