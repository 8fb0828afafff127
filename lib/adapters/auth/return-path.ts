/**
 * Where to go after signing in: the path and query of `url` where it lies within `origin`, else `/`. A path that a
 * browser could read as another host (`//host`, `/\host`) is none.
 */
export function pathWithin(url: string, origin: string): string {
  const target = URL.parse(url, origin)
  if (!target || target.origin !== origin || /^\/[/\\]/.test(target.pathname)) return '/'
  if (target.pathname.startsWith('/api/') || target.pathname === '/sign-in') return '/'
  return `${target.pathname}${target.search}${target.hash}`
}
