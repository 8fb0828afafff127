import { reads } from '#lib/adapters/db/client'
import { isAwayNow } from '#lib/adapters/db/notices/preferences'
import { toPerson } from '#lib/adapters/db/people/people'
import { type PersonInSql, personInSql } from '#lib/adapters/db/records-in-sql'
import { signingKeys } from '#lib/adapters/db/signing'
import type { Person } from '#lib/core/access/actor'
import type { Rule } from '#lib/core/access/rule'
import { type SignatureFailure, verifyApproval, verifyEnd } from '#lib/core/signing/verify-records'
import type { Grant, Prisma } from '../generated/client.ts'
import { findComments, type RecordedComment } from './comments.ts'

const summaryInclude = {
  requester: true,
  entitlement: { select: { document: true } },
  decisions: { include: { person: true }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] },
  grant: true,
  extendsGrant: { select: { endedBy: true } },
} as const satisfies Prisma.RequestInclude

/** The requests that extend a grant, newest first. */
const extensions = {
  select: { id: true, status: true, grant: { select: { id: true, activatedAt: true } } },
  orderBy: { id: 'desc' },
} as const

const wholeInclude = {
  ...summaryInclude,
  reviews: { include: { person: true } },
  grant: {
    include: {
      objects: { orderBy: [{ namespace: 'asc' }, { kind: 'asc' }] },
      credentials: { include: { person: true }, orderBy: { id: 'asc' } },
      findings: { orderBy: { id: 'asc' } },
      extensions,
    },
  },
} as const satisfies Prisma.RequestInclude

type Commented = { comments: RecordedComment[] }
export type RequestRow = Prisma.RequestGetPayload<{ include: typeof summaryInclude }> & Commented
export type WholeRequestRow = Prisma.RequestGetPayload<{ include: typeof wholeInclude }> & Commented

/** Why these records are not valid; null if all signatures are. */
export const verifyRequestRow = (row: RequestRow | WholeRequestRow): SignatureFailure | null =>
  verifyApproval(signingKeys(), {
    request: { ...row, rules: row.rules as Rule[] },
    requester: row.requester,
    entitlement: row.entitlement.document,
    decisions: row.decisions,
  })

type EndColumns = Pick<Grant, 'id' | 'cluster' | 'status' | 'endedBy' | 'endedAt' | 'deniedProbes' | 'endSignature'> &
  Pick<Grant, 'lastError'>

/**
 * The grant as it may be shown: pages say *ended* only for an end that a worker signed (promise 6). Any other one is not
 * confirmed, so the grant is still ending, and the next sweep ends it again.
 */
function withSignedEnd<Row extends EndColumns>(grant: Row): Row {
  if (grant.status !== 'ended') return grant
  const forged = verifyEnd(signingKeys(), { ...grant, signature: grant.endSignature }, new Date())
  if (!forged) return grant
  return { ...grant, status: 'ending', endedAt: null, deniedProbes: null, lastError: forged.sentence }
}

const withSignedGrant = <Row extends { grant: EndColumns | null }>(row: Row): Row =>
  row.grant ? { ...row, grant: withSignedEnd(row.grant) } : row

async function withComments<Row extends { id: string; commentCount: number }>(rows: readonly Row[]) {
  const comments = await findComments(rows)
  return rows.map((row) => ({ ...row, comments: comments.get(row.id) ?? [] }))
}

/** The requests with all fields of a list, in the order of `ids`. A constant number of statements. */
export async function gatherRequests(ids: readonly string[]): Promise<RequestRow[]> {
  if (ids.length === 0) return []
  const rows = await reads().request.findMany({ where: { id: { in: [...ids] } }, include: summaryInclude })
  return withComments(inOrder(ids, rows.map(withSignedGrant)))
}

/** One request with all related rows. The caller checks whether the reader may see it. */
export async function gatherRequest(id: string): Promise<WholeRequestRow | null> {
  const row = await reads().request.findUnique({ where: { id }, include: wholeInclude })
  const [commented] = row ? await withComments([withSignedGrant(row)]) : []
  return commented ?? null
}

const grantInclude = {
  objects: wholeInclude.grant.include.objects,
  credentials: wholeInclude.grant.include.credentials,
  findings: wholeInclude.grant.include.findings,
  extensions,
  request: {
    include: {
      requester: true,
      entitlement: { select: { document: true } },
      decisions: { select: { personId: true } },
    },
  },
} as const satisfies Prisma.GrantInclude

export type GrantRow = Prisma.GrantGetPayload<{ include: typeof grantInclude }>

/** The grants with all related rows, in the order of `ids`. A constant number of statements. */
export async function gatherGrants(ids: readonly string[]): Promise<GrantRow[]> {
  if (ids.length === 0) return []
  const rows = await reads().grant.findMany({ where: { id: { in: [...ids] } }, include: grantInclude })
  return inOrder(ids, rows.map(withSignedEnd))
}

function inOrder<Row extends { id: string }>(ids: readonly string[], rows: readonly Row[]): Row[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

/** People who are in one of the groups, or whose address is one of the mailboxes (same-person.ts), or by subject. */
export type PeopleSet = { groups: readonly string[]; mailboxes: readonly string[]; subjects: readonly string[] }

/** The database's time, the known people of each set, and how long each of them usually takes to decide. */
export type PeopleOfSets = {
  now: Date
  inSet: (set: PeopleSet) => Person[]
  /** Seconds from the submission to their decision, in the middle; null with too few decisions. */
  usualSeconds: (personId: string) => number | null
  /** Until when they are away, and who is notified instead; null if they are not. */
  absence: (personId: string) => Away | null
  /** When the quiet hours end that the person has now; null if they have none. */
  quietUntil: (personId: string) => string | null
}

type Away = { until: string; delegateId: string }

/** The median says something from this many decisions on, of as many days. */
const [fewestDecisions, days] = [5, 90]

const keyOf = ({ groups, mailboxes, subjects }: PeopleSet) =>
  JSON.stringify({ groups: [...groups].sort(), mailboxes: [...mailboxes].sort(), subjects: [...subjects].sort() })

/** A page shows twenty; some of these may be the requester or may have decided already. */
const mostPeople = 60

/** Reads the people of many steps in one statement, preferring those whose groups were confirmed most recently. */
export async function gatherPeopleOfSets(sets: readonly PeopleSet[]): Promise<PeopleOfSets> {
  const keys = [...new Set(sets.map(keyOf))]
  const [row] = await reads().$queryRaw<
    Array<{
      now: Date
      people: Array<{ key: string; person: PersonInSql; usual: number | null; away: Away | null; quiet: string | null }>
    }>
  >`
    SELECT clock_timestamp() AS now, (
      SELECT coalesce(jsonb_agg(jsonb_build_object('key', k.key, 'person', ${personInSql('p')}, 'usual', (
          SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM d.created_at - r.created_at))
          FROM decisions d JOIN requests r ON r.id = d.request_id
          WHERE d.person_id = p.id AND d.created_at > now() - make_interval(days => ${days}::int)
          HAVING count(*) >= ${fewestDecisions}::int),
        'quiet', quiet_hours_end(p.id, now()),
        'away', (SELECT jsonb_build_object('until', a.away_until, 'delegateId', a.delegate_id)
          FROM notice_preferences a WHERE a.person_id = p.id AND ${isAwayNow})) ORDER BY p.name, p.id), '[]')
      FROM unnest(${keys}::text[]) AS k(key)
      CROSS JOIN LATERAL (
        SELECT * FROM people
        WHERE groups && ARRAY(SELECT jsonb_array_elements_text(k.key::jsonb -> 'groups'))
          OR known_emails && ARRAY(SELECT jsonb_array_elements_text(k.key::jsonb -> 'mailboxes'))
          OR subject = ANY (ARRAY(SELECT jsonb_array_elements_text(k.key::jsonb -> 'subjects')))
        ORDER BY groups_at DESC, id LIMIT ${mostPeople}) p) AS people`
  const found = row?.people ?? []
  return {
    now: row?.now ?? new Date(),
    absence: (personId) => found.find(({ person }) => person.id === personId)?.away ?? null,
    quietUntil: (personId) => found.find(({ person }) => person.id === personId)?.quiet ?? null,
    usualSeconds: (personId) => found.find(({ person }) => person.id === personId)?.usual ?? null,
    inSet: (set) => found.filter(({ key }) => key === keyOf(set)).map(({ person }) => toPerson(person)),
  }
}
