/** A longer path would not fit into a cookie, or into the headers that a proxy accepts. */
const maxLength = 1024

/**
 * The path to return to after sign-in: that of `url` with its query if it is within `origin`, otherwise `/`, and so is a path
 * that is too long. A path
 * that a browser could read as another host (`//host`, `/\host`) is rejected.
 */
export function pathWithin(url: string, origin: string): string {
  const target = URL.parse(url, origin)
  if (!target || target.origin !== origin || /^\/[/\\]/.test(target.pathname)) return '/'
  if (target.pathname.startsWith('/api/') || target.pathname === '/sign-in') return '/'
  const path = `${target.pathname}${target.search}${target.hash}`
  return path.length > maxLength ? '/' : path
}
