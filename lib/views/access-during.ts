import { findAccessBetween } from '#lib/adapters/db/audit/access-at'
import type { AccessDuring } from '#lib/core/access/access-at-resource'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError, notFound } from '#lib/core/access/errors'
import { seesEverything } from '#lib/core/access/may-see'
import { nearestEventTime } from '#lib/core/audit/when'
import { couldPerform } from '#lib/core/rbac/could-perform'
import { standingAccessDuring } from './standing-during.ts'

const most = 1_000
/** Grants whose rules are read for a question about an action. */
const mostRead = 5_000

type Query = { from: string; to: string } & Partial<
  Record<'cluster' | 'namespace' | 'verb' | 'resource' | 'name', string | undefined>
>

/** @throws AppError `invalid` for half of an action, or a period that ends before it begins */
function checkQuestion({ verb, resource, name }: Query, from: Date, to: Date) {
  const errors = [
    ...(from > to ? [{ pointer: 'to', message: 'must not be before `from`' }] : []),
    ...(verb && !resource ? [{ pointer: 'resource', message: 'is required with `verb`' }] : []),
    ...(!verb && (resource || name) ? [{ pointer: 'verb', message: 'is required with `resource` and `name`' }] : []),
  ]
  if (errors.length > 0) throw new AppError('invalid', 'Some fields are invalid.', { errors })
}

/**
 * Every grant that was live at any time from `from` until before `to` (or at that moment, if they are the same) and, with a verb and a
 * resource, whose approved rules allow that action, and who could perform it by standing bindings. For auditors and admins.
 * @throws AppError `not-found` for everyone else, `invalid` for half of an action or a period that ends before it begins
 */
export async function accessDuring(actor: PersonActor, query: Query): Promise<AccessDuring> {
  if (!seesEverything(actor)) throw notFound()
  const [from, to] = [nearestEventTime(Date.parse(query.from)), nearestEventTime(Date.parse(query.to))]
  checkQuestion(query, from, to)
  const { cluster, namespace, verb, resource, name } = query
  const isFindable = [cluster, namespace].every((one) => !one?.includes('\0'))
  const limit = verb ? mostRead : most
  const rows = isFindable ? await findAccessBetween({ from, to }, { cluster, namespace, limit: limit + 1 }) : []
  const found = verb && resource ? rows.filter(({ rules }) => couldPerform(rules, { verb, resource, name })) : rows
  const isAction = verb !== undefined && resource !== undefined && isFindable
  const standing = isAction
    ? await standingAccessDuring({ verb, resource, name }, { from, to, cluster, namespace })
    : null
  return {
    ...{ from: from.toISOString(), to: to.toISOString() },
    standing,
    isComplete: rows.length <= limit && found.length <= most,
    items: found.slice(0, most).map(({ personId, personName, personEmail, submitted, beganAt, endedAt, ...row }) => ({
      ...row,
      ...{ entitlement: submitted.entitlement, reason: submitted.reason, ticket: submitted.ticket },
      person: { id: personId, name: personName, email: personEmail },
      beganAt: beganAt.toISOString(),
      expiresAt: new Date(row.expiresAt).toISOString(),
      endedAt: endedAt?.toISOString() ?? null,
    })),
  }
}
