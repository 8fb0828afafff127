// Reads the claims of an identity provider about a person. Every claim is untrusted text.

export type Claims = Readonly<Record<string, unknown>>

/** Undefined means that the token doesn't have the claim: then the stored value is neither extended nor reduced. */
export type ClaimedIdentity = {
  subject: string
  name: string | undefined
  email: string | null | undefined
  emailVerified: boolean
  groups: string[] | undefined
}

/**
 * Text without control and format characters (Unicode Cc, Cf), so that it can't reorder or break the text around it.
 */
const plain = (value: unknown, max: number): string | undefined => {
  if (typeof value !== 'string') return undefined
  const text = value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').trim()
  return text === '' ? undefined : text.slice(0, max)
}

/** Keeps rows small. Microsoft's limit in a token is 200; Keycloak has none. */
const maxGroups = 2000

function groupsFrom(value: unknown): string[] | undefined {
  const list = typeof value === 'string' ? [value] : value
  if (!Array.isArray(list)) return undefined
  // NB: names are kept exactly or dropped. A cleaned-up name could equal that of another group.
  const names = list.filter((name): name is string => typeof name === 'string' && name === plain(name, 256))
  return [...new Set(names)].sort().slice(0, maxGroups)
}

/**
 * The claim named `groups`, or at a path such as `realm_access.roles`. A claim with exactly that name has precedence.
 */
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
 * Reads verified claims (OpenID Connect Core §5.1). An e-mail address counts as verified only if `email_verified` is
 * the JSON value true, or the string "true" that some providers send.
 * @throws TypeError when the subject is missing or unusable
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
