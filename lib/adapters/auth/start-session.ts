import { recordEvent } from '#lib/adapters/db/audit/audit'
import { transaction } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { deleteBrowserOfOthers } from '#lib/adapters/db/notices/browsers'
import { createSession, type EndedSession, endSession, takeExpiredTokens } from '#lib/adapters/db/people/sessions'
import type { Origin, PersonActor } from '#lib/core/access/actor'
import { log } from '#lib/observability/log'
import { identityFrom, timeOfClaims } from './claims.ts'
import { identitySettings } from './configuration.ts'
import type { SignedIn } from './options.ts'
import { recordPerson } from './record-person.ts'
import { revokeTokensOf } from './revoke-tokens.ts'
import { rolesOf } from './roles.ts'
import { seal } from './sealing.ts'

/**
 * Creates a session for the person that the verified claims name, ends this browser's previous session, and records
 * both. Notices to someone else no longer reach this browser.
 * @param previous what the cookies of this browser name
 * @returns the content of the cookie: the ids of the session and its person
 */
export async function startSession(
  signedIn: SignedIn,
  origin: Origin,
  previous: { session?: string | undefined; browser?: string | undefined } = {},
) {
  const claimed = identityFrom(signedIn.claims, identitySettings(), signedIn.userInfo)
  const at = timeOfClaims(signedIn.claims, signedIn.calledAt)
  const id = newId('session')
  const [sealedRefreshToken, sealedIdToken] = await Promise.all([
    signedIn.refreshToken ? seal(signedIn.refreshToken, 'refresh-token', id) : null,
    signedIn.idToken ? seal(signedIn.idToken, 'id-token', id) : null,
  ])
  const { replaced, content } = await transaction(async (tx) => {
    const person = await recordPerson(tx, { claimed, at, method: 'sign-in' }, origin)
    const actor: PersonActor = { kind: 'person', person, roles: rolesOf(person), origin }
    const about = { personId: person.id }
    const ended = previous.session === undefined ? null : await endSession(tx, previous.session)
    if (previous.browser !== undefined) await deleteBrowserOfOthers(tx, person.id, previous.browser)
    if (ended?.personId === person.id) await recordEvent(tx, { type: 'session.ended', actor, data: {}, about })
    const { clientAddress } = origin
    await createSession(tx, { id, personId: person.id, clientAddress, sealedRefreshToken, sealedIdToken })
    await recordEvent(tx, { type: 'session.started', actor, data: { groups: person.groups }, about })
    return { replaced: ended, content: { sid: id, per: person.id } }
  })
  // Not awaited: a provider that is slow at this must not delay a sign-in.
  void revokeOld(replaced)
  return content
}

/** Revokes the tokens of the session that this sign-in replaced, and of a few that expired. */
async function revokeOld(replaced: EndedSession | null) {
  try {
    await revokeTokensOf([...(replaced ? [replaced] : []), ...(await takeExpiredTokens())])
  } catch (error) {
    log.warn({ err: error }, 'could not read the tokens of expired sessions')
  }
}
