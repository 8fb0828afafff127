// Who holds standing access, and what is known about its use, in words.
import type { StandingAccess } from '#lib/core/access/standing-access'

/** The days before the newest reported call in which use is looked for. */
export const usePeriodDays = 30

/** From when on the calls of a cluster are known, and the newest one. */
export type ReportedTime = { firstAt: Date; newestAt: Date }

const many = (count: number, one: string, more: string) => `${count.toLocaleString('en')} ${count === 1 ? one : more}`
const day = (time: Date) => time.toISOString().slice(0, 10)

export const beginOfUse = ({ newestAt }: ReportedTime): Date =>
  new Date(newestAt.getTime() - usePeriodDays * 86_400_000)

/**
 * How many of the people have not used it; null where that is not known. NB: someone without a call has not used it, but only
 * if every call with this role is one that the cluster reports, for the whole time.
 */
export function unusedCountOf(
  { people, morePeople, groups, isReported }: StandingAccess,
  reported: ReportedTime | null,
  calledCount: number,
): number | null {
  if (!reported || !isReported || people.length === 0 || morePeople > 0 || groups.length > 0) return null
  return reported.firstAt <= beginOfUse(reported) ? people.length - calledCount : null
}

function wordsOfUse(access: StandingAccess, reported: ReportedTime | null, calledCount: number): string {
  if (!reported) return 'Whether they use it is not known: the cluster sends no audit events.'
  if (access.people.length === 0) return 'Whether the members use it is not known.'
  const period = `in the ${usePeriodDays} days before ${day(reported.newestAt)}`
  const unused = unusedCountOf(access, reported, calledCount)
  if (unused !== null) return `${many(unused, 'has', 'have')} not used it ${period}.`
  const called = `${many(calledCount, 'person', 'people')} made a reported call there ${period}`
  if (access.isReported && reported.firstAt > beginOfUse(reported))
    return `${called}. Whether the others use it is not known: the calls are known from ${day(reported.firstAt)} on.`
  if (access.isReported) return `${called}. Whether the members of groups use it is not known.`
  return `${called}. Whether the others use it is not known: the audit policy reports only calls about access, admission, tokens and secrets.`
}

export function standingInWords(access: StandingAccess, reported: ReportedTime | null, calledCount: number): string {
  const { namespace, role, people, morePeople, groups, moreGroups } = access
  const [persons, teams] = [people.length + morePeople, groups.length + moreGroups]
  const holders = [
    ...(persons > 0 ? [many(persons, 'person', 'people')] : []),
    ...(teams > 0 ? [many(teams, 'group', 'groups')] : []),
  ].join(' and ')
  const verb = persons + teams === 1 ? 'holds' : 'hold'
  const place = namespace === '' ? 'the whole cluster' : namespace
  return `${holders} ${verb} ${role.kind} ${role.name} in ${place}. ${wordsOfUse(access, reported, calledCount)}`
}
