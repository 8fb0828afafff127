// What an identity provider says about a person, as far as Postern believes it. Every claim is somebody else's text.

export type Claims = Readonly<Record<string, unknown>>

/** Undefined means that the token does not say: then nothing is concluded from it, neither gain nor loss. */
export type ClaimedIdentity = {
  subject: string
  name: string | undefined
  email: string | null | undefined
  emailVerified: boolean
  groups: string[] | undefined
}

/** Text that cannot reorder or break what stands around it: no control or format characters (Unicode Cc, Cf). */
const plain = (value: unknown, max: number): string | undefined => {
  if (typeof value !== 'string') return undefined
  const text = value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').trim()
  return text === '' ? undefined : text.slice(0, max)
}

/** Microsoft's limit in a token is 200, Keycloak has none; beyond this nobody reads them, and rows must stay small. */
const maxGroups = 2000

function groupsFrom(value: unknown): string[] | undefined {
  const list = typeof value === 'string' ? [value] : value
  if (!Array.isArray(list)) return undefined
  // NB: exact text or nothing. A group that had to be cleaned could become the name of another one.
  const names = list.filter((name): name is string => typeof name === 'string' && name === plain(name, 256))
  return [...new Set(names)].sort().slice(0, maxGroups)
}

/** `groups`, or a path into nested claims such as `realm_access.roles`; a claim of exactly that name comes first. */
function claimAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path]
  let value: unknown = claims
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Claims)[key]
  }
  return value
}

/**
 * Reads verified claims (OpenID Connect Core §5.1). `email_verified` counts only as the JSON value true, or as the text
 * "true" that some providers send.
 * @throws TypeError when there is no usable subject
 */
export function identityFrom(claims: Claims, groupsClaim: string): ClaimedIdentity {
  const subject = claims.sub
  // OpenID Connect Core §2: at most 255 ASCII characters, and case-sensitive.
  if (typeof subject !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(subject)) throw new TypeError('no usable subject')
  const email = plain(claims.email, 320)
  const verified = claims.email_verified === true || claims.email_verified === 'true'
  return {
    subject,
    name: plain(claims.name, 200) ?? plain(claims.preferred_username, 200),
    email: email?.includes('@') ? email : claims.email === undefined ? undefined : null,
    emailVerified: Boolean(email?.includes('@')) && verified,
    groups: groupsFrom(claimAt(claims, groupsClaim)),
  }
}
