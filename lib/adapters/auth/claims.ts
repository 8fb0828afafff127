import type { GroupsProblem } from '#lib/core/access/learn-groups'
import { isReservedGroup } from '#lib/core/access/on-call'
import { mailboxOf } from '#lib/core/access/same-person'

// Reads the claims of an identity provider about a person. Every claim is untrusted text.

export type Claims = Readonly<Record<string, unknown>>

/** The names of the claims that hold the groups and the subject. */
export type ClaimNames = { groupsClaim: string; subjectClaim: string; managerClaim?: string | undefined }

/** Undefined means that the token doesn't have the claim: then the stored value is neither extended nor reduced. */
export type ClaimedIdentity = {
  subject: string
  name: string | undefined
  username: string | undefined
  email: string | null | undefined
  emailVerified: boolean
  /** The mailbox of the manager; null if the ID token names none, undefined if there was none to read it from. */
  manager: string | null | undefined
  /** Undefined if there is no usable list; `groupsProblem` says why. */
  groups: string[] | undefined
  groupsProblem: GroupsProblem | undefined
  /** With a problem, the names of the claims that came. */
  received: string[]
}

/** Control and format characters (Unicode Cc, Cf) and separators, which can reorder or break the text around them. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

const plain = (value: unknown, max: number): string | undefined => {
  if (typeof value !== 'string') return undefined
  const text = value.replace(unsafe, '').trim()
  return text === '' ? undefined : text.slice(0, max)
}

/** Keeps rows small. Microsoft's limit in a token is 200; Keycloak has none. */
const maxGroups = 2000

type Groups = { groups: string[]; groupsProblem?: undefined } | { groups?: undefined; groupsProblem: GroupsProblem }

function groupsFrom(value: unknown): Groups {
  if (value === undefined || value === null) return { groupsProblem: 'absent' }
  const list = typeof value === 'string' ? (value === '' ? [] : [value]) : value
  if (!Array.isArray(list)) return { groupsProblem: 'unusable' }
  // NB: names are kept exactly or dropped. A cleaned-up name could equal that of another group.
  const names = list.filter(
    (name): name is string => typeof name === 'string' && name === plain(name, 256) && !isReservedGroup(name),
  )
  if (names.length === 0 && list.length > 0) return { groupsProblem: 'unusable' }
  return { groups: [...new Set(names)].sort().slice(0, maxGroups) }
}

const isObject = (value: unknown): value is Claims =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The claim named `groups`, or at a path such as `resource_access.my.client.roles`, where a name may itself contain dots.
 * The longest name that exists has precedence.
 */
function claimAt(claims: unknown, path: string): unknown {
  if (!isObject(claims)) return undefined
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const name = path.slice(0, end)
    if (!Object.hasOwn(claims, name)) continue
    const value = end === path.length ? claims[name] : claimAt(claims[name], path.slice(end + 1))
    if (value !== undefined) return value
  }
  return undefined
}

/**
 * Does the token say that the groups are elsewhere because they are too many? Microsoft Entra ID names the claim in
 * `_claim_names` (OpenID Connect Core §5.6.2), or sends `hasgroups`.
 */
function isOverage(claims: Claims, groupsClaim: string): boolean {
  const elsewhere = claims._claim_names
  return (
    (isObject(elsewhere) && Object.hasOwn(elsewhere, groupsClaim)) ||
    claims.hasgroups === true ||
    claims.hasgroups === 'true'
  )
}

function claimedGroups(claims: Claims, groupsClaim: string): Groups {
  const found = groupsFrom(claimAt(claims, groupsClaim))
  return found.groupsProblem === 'absent' && isOverage(claims, groupsClaim) ? { groupsProblem: 'overage' } : found
}

/**
 * The address, and whether it is verified: only if `email_verified` is the JSON value true, or the string "true" that
 * some providers send, and only if every verified spelling of the same mailbox would be recognized.
 */
function claimedEmail(claims: Claims): Pick<ClaimedIdentity, 'email' | 'emailVerified'> {
  if (claims.email === undefined) return { email: undefined, emailVerified: false }
  const email = plain(claims.email, 320)
  if (!email?.includes('@')) return { email: null, emailVerified: false }
  const isVerified = claims.email_verified === true || claims.email_verified === 'true'
  return { email, emailVerified: isVerified && email === claims.email && mailboxOf(email) !== null }
}

/** NB: an address with other characters than the exact ones is none. */
function claimedManager(claims: Claims, managerClaim: string | undefined): string | null | undefined {
  if (managerClaim === undefined) return undefined
  const value = claimAt(claims, managerClaim)
  return typeof value === 'string' && value.length <= 320 ? mailboxOf(value) : null
}

const hasEmail = (claims: Claims) => claims.email !== undefined && claims.email_verified !== undefined
const hasName = (claims: Claims) => claims.name !== undefined || claims.preferred_username !== undefined

/** At most this many, each at most this long, so that an event stays small. */
const maxNames = 50

/**
 * The names of the claims that came, and the paths of lists of text within them, so that an administrator finds the
 * claim that `identity.groupsClaim` should name. Never a value.
 */
function claimPaths(...sources: readonly Claims[]): string[] {
  const paths = new Set<string>()
  const visit = (value: unknown, path: string, depth: number) => {
    const isList = Array.isArray(value) && value.some((item) => typeof item === 'string')
    if (depth === 1 || isList) paths.add(path)
    if (!isObject(value) || depth === 4) return
    for (const [name, inner] of Object.entries(value)) visit(inner, `${path}.${name}`, depth + 1)
  }
  for (const source of sources) for (const [name, value] of Object.entries(source)) visit(value, name, 1)
  return [...paths]
    .flatMap((path) => plain(path, 100) ?? [])
    .sort()
    .slice(0, maxNames)
}

/**
 * Reads verified claims (OpenID Connect Core §5.1). UserInfo supplies what the token lacks. An address and whether it is
 * verified come from the same place, because the two places may name different addresses.
 * @throws TypeError when the subject is missing or unusable
 */
export function identityFrom(claims: Claims, names: ClaimNames, userInfo: Claims = {}): ClaimedIdentity {
  const subject = Object.hasOwn(claims, names.subjectClaim) ? claims[names.subjectClaim] : undefined
  // OpenID Connect Core §2: at most 255 ASCII characters, and case-sensitive.
  if (typeof subject !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(subject)) throw new TypeError('no usable subject')
  const fromToken = claimedGroups(claims, names.groupsClaim)
  const fromUserInfo = claimedGroups(userInfo, names.groupsClaim)
  const username = plain(claims.preferred_username, 200) ?? plain(userInfo.preferred_username, 200)
  const { groups, groupsProblem: found } = fromToken.groups || !fromUserInfo.groups ? fromToken : fromUserInfo
  const groupsProblem = found === 'absent' ? fromUserInfo.groupsProblem : found
  return {
    subject,
    name: plain(claims.name, 200) ?? plain(userInfo.name, 200),
    username,
    ...claimedEmail(hasEmail(claims) || userInfo.email === undefined ? claims : userInfo),
    manager: claimedManager(claims, names.managerClaim),
    groups,
    groupsProblem,
    received: groupsProblem ? claimPaths(claims, userInfo) : [],
  }
}

/** Does the token lack a claim that UserInfo may have (OpenID Connect Core §5.4)? */
export const lacksClaims = (claims: Claims, groupsClaim: string, scopes: readonly string[]): boolean =>
  ['absent', 'unusable'].includes(claimedGroups(claims, groupsClaim).groupsProblem ?? '') ||
  (scopes.includes('email') && !hasEmail(claims)) ||
  (scopes.includes('profile') && !hasName(claims))

/** Milliseconds by which the provider's clock may be ahead. */
export const clockToleranceMs = 60_000

/**
 * When the claims of a sign-in or a refresh were true: the later of `iat` and the time at which the provider was called.
 * NB: bearer tokens are compared by the provider's clock. With an earlier time, a token from before this answer could
 * count as newer.
 */
export function timeOfClaims(claims: Claims, calledAt: Date): Date {
  const issuedAt = typeof claims.iat === 'number' && Number.isFinite(claims.iat) ? claims.iat * 1000 : 0
  return new Date(Math.max(calledAt.getTime(), Math.min(issuedAt, calledAt.getTime() + clockToleranceMs)))
}
