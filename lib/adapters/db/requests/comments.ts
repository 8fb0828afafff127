import { reads, type Tx } from '#lib/adapters/db/client'
import { newId } from '#lib/adapters/db/ids'
import { toPerson } from '#lib/adapters/db/people/people'
import { type PersonInSql, personInSql } from '#lib/adapters/db/records-in-sql'
import { signatureOf, signingKeys } from '#lib/adapters/db/signing'
import type { Person, PersonActor } from '#lib/core/access/actor'
import { commentStatement } from '#lib/core/signing/statements'
import { verifyComment } from '#lib/core/signing/verify-records'
import { Prisma } from '../generated/client.ts'

/** The comments on one request, oldest first. */
export const commentsInSql = (requestId: Prisma.Sql): Prisma.Sql => Prisma.sql`
  (SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'requestId', c.request_id, 'text', c.text,
      'needsInformation', c.needs_information, 'createdAt', c.created_at, 'signature', c.signature,
      'person', ${personInSql('q')}) ORDER BY c.created_at, c.id), '[]')
    FROM comments c JOIN people q ON q.id = c.person_id WHERE c.request_id = ${requestId})`

export type CommentInSql = {
  id: string
  requestId: string
  text: string
  needsInformation: boolean
  createdAt: string
  signature: string | null
  person: PersonInSql
}

export type RecordedComment = { id: string; personId: string; person: Person } & {
  text: string
  needsInformation: boolean
  at: Date
}

/** A comment that Postern did not write is shown to no one, and stops no clock. */
export const toComments = (rows: readonly CommentInSql[]): RecordedComment[] =>
  rows
    .filter((row) => verifyComment(signingKeys(), row) === null)
    .map(({ id, person, text, needsInformation, createdAt }) => ({
      ...{ id, personId: person.id, person: toPerson(person), text, needsInformation, at: new Date(createdAt) },
    }))

/** The comments on each of these requests. No statement if none has any. */
export async function findComments(
  requests: ReadonlyArray<{ id: string; commentCount: number }>,
): Promise<Map<string, RecordedComment[]>> {
  const ids = requests.filter(({ commentCount }) => commentCount > 0).map(({ id }) => id)
  if (ids.length === 0) return new Map()
  const rows = await reads().$queryRaw<Array<{ id: string; comments: CommentInSql[] }>>`
    SELECT r.id, ${commentsInSql(Prisma.sql`r.id`)} AS comments FROM requests r WHERE r.id = ANY(${ids}::text[])`
  return new Map(rows.map(({ id, comments }) => [id, toComments(comments)]))
}

type NewComment = { requestId: string; text: string; needsInformation: boolean; now: Date }

/** A comment as it is going to be stored. */
export const newComment = ({ person }: PersonActor, { requestId, text, needsInformation, now }: NewComment) => ({
  ...{ id: newId('comment', now), requestId, personId: person.id, person, text, needsInformation, at: now },
})

/** Adds a comment to a locked request, and moves its next reminder or escalation. */
export async function insertComment(
  tx: Tx,
  { id, requestId, person, text, needsInformation, at }: ReturnType<typeof newComment>,
  followUpAt: Date | null,
) {
  const signed = { id, requestId, person, text, needsInformation, createdAt: at }
  await tx.$executeRaw`
    WITH added AS (
      INSERT INTO comments (id, request_id, person_id, text, needs_information, created_at, signature)
      VALUES (${id}, ${requestId}, ${person.id}, ${text}, ${needsInformation}, ${at}::timestamptz,
        ${signatureOf('comment', commentStatement(signed))}))
    UPDATE requests SET comment_count = comment_count + 1, follow_up_at = ${followUpAt}::timestamptz WHERE id = ${requestId}`
}
