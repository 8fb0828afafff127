// The users of grants without a ServiceAccount, for whom Postern vouches to the API server.
import type { Id } from './ids.ts'

/** What no name from an identity provider may begin with in a cluster. */
export const reservedPrefix = 'postern:'

/** The user of the tokens with which Postern tries its own webhook. Nothing is bound to it. */
export const probeUser = `${reservedPrefix}probe`

/** Under which the API server notes the ID of a token with each call. */
export const credentialIdKey = 'authentication.kubernetes.io/credential-id'

const vouched = /^postern:grant:(grt_[0-9a-hjkmnp-tv-z]{26})$/

/** The group of all of these users. Nothing is bound to it: audit and admission policies name it. */
export const vouchedGroup = 'postern:grants'

/** @throws RangeError if the text is not the id of a grant, so that no other text becomes a name in a cluster */
export function vouchedUserName(grantId: string): string {
  const name = `${reservedPrefix}grant:${grantId}`
  if (!vouched.test(name)) throw new RangeError('not the id of a grant')
  return name
}

/** The id of the grant whose user has this name; null for any other name. */
export const grantOfVouchedUser = (name: string): Id<'grant'> | null =>
  (vouched.exec(name)?.[1] as Id<'grant'> | undefined) ?? null
