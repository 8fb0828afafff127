import { db, type Tx } from '#lib/adapters/db/client'
import { type PersonInSql, personInSql } from '#lib/adapters/db/records-in-sql'
import { signingKeys } from '#lib/adapters/db/signing'
import type { Person } from '#lib/core/access/actor'
import { groupsCountForSeconds, groupsFreshForSeconds, groupsRetrySeconds } from '#lib/core/access/group-staleness'
import type { Id } from '#lib/core/access/ids'
import { sessionSeconds } from '#lib/core/access/session-length'
import { type SignatureFailure, verifySignedInPerson } from '#lib/core/signing/verify-records'
import { toPerson } from './people.ts'

// Browser sessions. The database's clock decides when a session expires and when its groups must be refreshed.

/** The content of a session cookie, which only a process with the session secret can create. */
export type NamedSession = { id: string; personId: string; since: Date }

/** A session that has neither expired nor ended, with its person as last described by the provider. */
export type LiveSession = {
  id: Id<'session'>
  person: Person
  /** Why the stored session or person is not valid. Then the session signs no one in. */
  signatureFailure: SignatureFailure | null
  /** The groups were last refreshed more than `groupsFreshForSeconds` ago. */
  isDue: boolean
  /** The provider confirmed the groups within the last `groupsCountForSeconds`, in this session or another. */
  areGroupsConfirmed: boolean
}

type Row = { id: Id<'session'>; is_due: boolean; are_groups_confirmed: boolean; person: PersonInSql }

export async function createSession(
  tx: Tx,
  session: {
    id: Id<'session'>
    personId: string
    clientAddress: string | null
    sealedRefreshToken: string | null
    sealedIdToken: string | null
  },
) {
  await tx.$executeRaw`
    INSERT INTO sessions (id, person_id, client_address, expires_at, refreshed_at, sealed_refresh_token, sealed_id_token)
    VALUES (${session.id}, ${session.personId}, ${session.clientAddress},
            now() + make_interval(secs => ${sessionSeconds}::int), now(),
            ${session.sealedRefreshToken}, ${session.sealedIdToken})`
  // Each sign-in also deletes sessions that expired long ago.
  await tx.$executeRaw`DELETE FROM sessions WHERE expires_at < now() - interval '1 day'`
}

function verifySession({ id, person }: Row, { personId, since }: NamedSession): SignatureFailure | null {
  if (person.id === personId) return verifySignedInPerson(signingKeys(), person, since)
  const sentence =
    'A stored session belongs to another person than its cookie: something other than Postern has changed it.'
  return { record: 'session', id, code: 'mismatch', sentence }
}

export async function findLiveSession(named: NamedSession): Promise<LiveSession | null> {
  const rows = await db().$queryRaw<Row[]>`
    SELECT s.id, s.refreshed_at <= now() - make_interval(secs => ${groupsFreshForSeconds}::int)
             AND s.sealed_refresh_token IS NOT NULL AS is_due,
           p.groups_at > now() - make_interval(secs => ${groupsCountForSeconds}::int) AS are_groups_confirmed,
           ${personInSql('p')} AS person
    FROM sessions s JOIN people p ON p.id = s.person_id
    WHERE s.id = ${named.id} AND s.ended_at IS NULL AND s.expires_at > now()`
  const row = rows[0]
  if (!row) return null
  const { id, is_due: isDue, are_groups_confirmed: areGroupsConfirmed, person } = row
  return { id, isDue, areGroupsConfirmed, person: toPerson(person), signatureFailure: verifySession(row, named) }
}

/**
 * Claims the refresh of this session's groups. Of simultaneous callers, on any replica, one gets the sealed refresh
 * token and the others null, because some providers accept a refresh token only once. No lock is held while the
 * provider is called.
 */
export async function claimRefresh(id: string): Promise<string | null> {
  const rows = await db().$queryRaw<{ sealed_refresh_token: string | null }[]>`
    UPDATE sessions SET refreshed_at = now()
    WHERE id = ${id} AND ended_at IS NULL
      AND refreshed_at <= now() - make_interval(secs => ${groupsFreshForSeconds}::int)
    RETURNING sealed_refresh_token`
  return rows[0]?.sealed_refresh_token ?? null
}

/** Stores the new refresh token of a provider that replaces it at each use. False if the session has ended. */
export async function keepRefreshToken(tx: Tx, id: string, sealedRefreshToken: string): Promise<boolean> {
  const count = await tx.$executeRaw`
    UPDATE sessions SET sealed_refresh_token = ${sealedRefreshToken} WHERE id = ${id} AND ended_at IS NULL`
  return count === 1
}

/** Schedules the next refresh in one minute instead of five, because the provider did not respond. */
export async function postponeRefresh(id: string) {
  await db().$executeRaw`
    UPDATE sessions SET refreshed_at = now() - make_interval(secs => ${groupsFreshForSeconds - groupsRetrySeconds}::int)
    WHERE id = ${id} AND ended_at IS NULL`
}

/** A session that is over, and its sealed tokens, which the provider is to forget. */
export type EndedSession = {
  id: string
  personId: Id<'person'>
  /** The provider of the tokens. */
  issuer: string
  sealedIdToken: string | null
  sealedRefreshToken: string | null
}

/** Ends a session and deletes its tokens; null if it was already over. */
export async function endSession(tx: Tx, id: string): Promise<EndedSession | null> {
  const rows = await tx.$queryRaw<EndedSession[]>`
    SELECT s.id, s.person_id AS "personId", p.issuer, s.sealed_id_token AS "sealedIdToken",
           s.sealed_refresh_token AS "sealedRefreshToken"
    FROM sessions s JOIN people p ON p.id = s.person_id
    WHERE s.id = ${id} AND s.ended_at IS NULL FOR UPDATE OF s`
  const row = rows[0]
  if (!row) return null
  await tx.$executeRaw`
    UPDATE sessions SET ended_at = now(), sealed_refresh_token = NULL, sealed_id_token = NULL WHERE id = ${id}`
  return row
}

/** Ends all sessions of a person but one, and deletes their tokens. */
export async function endOtherSessions(tx: Tx, personId: string, keep: string): Promise<EndedSession[]> {
  return tx.$queryRaw<EndedSession[]>`
    WITH others AS (
      SELECT id, sealed_id_token, sealed_refresh_token FROM sessions
      WHERE person_id = ${personId} AND id <> ${keep} AND ended_at IS NULL AND expires_at > now()
      ORDER BY id FOR UPDATE)
    UPDATE sessions s SET ended_at = now(), sealed_refresh_token = NULL, sealed_id_token = NULL
    FROM others o, people p WHERE s.id = o.id AND p.id = s.person_id
    RETURNING s.id, s.person_id AS "personId", p.issuer, o.sealed_id_token AS "sealedIdToken",
              o.sealed_refresh_token AS "sealedRefreshToken"`
}

export type OpenSession = { id: string; startedAt: Date; expiresAt: Date; clientAddress: string | null }

/** The sessions in which a person is signed in, newest first. */
export const findOpenSessions = (personId: string): Promise<OpenSession[]> =>
  db().$queryRaw<OpenSession[]>`
    SELECT id, created_at AS "startedAt", expires_at AS "expiresAt", client_address AS "clientAddress" FROM sessions
    WHERE person_id = ${personId} AND ended_at IS NULL AND expires_at > now() ORDER BY created_at DESC, id LIMIT 100`

/** Takes the tokens of a few sessions that have expired, so that the caller can revoke them. */
export const takeExpiredTokens = (): Promise<EndedSession[]> =>
  db().$queryRaw<EndedSession[]>`
    WITH expired AS (
      SELECT id, sealed_id_token, sealed_refresh_token FROM sessions
      WHERE expires_at < now() AND sealed_refresh_token IS NOT NULL
      ORDER BY expires_at LIMIT 10 FOR UPDATE SKIP LOCKED)
    UPDATE sessions s SET sealed_refresh_token = NULL, sealed_id_token = NULL
    FROM expired e, people p WHERE s.id = e.id AND p.id = s.person_id
    RETURNING s.id, s.person_id AS "personId", p.issuer, e.sealed_id_token AS "sealedIdToken",
              e.sealed_refresh_token AS "sealedRefreshToken"`
