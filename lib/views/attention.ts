import { type Attention, gatherAttention, mostReviewsRead } from '#lib/adapters/db/gather-attention'
import { type ChannelState, channelStates } from '#lib/adapters/db/notices/channel-states'
import { type CurrentPolicy, currentPolicy } from '#lib/adapters/policy/current'
import { providerProblems } from '#lib/adapters/policy/provider-problems'
import { hasRole, type PersonActor } from '#lib/core/access/actor'
import { exactTime } from '#lib/core/access/format-time'
import type { GroupsProblem } from '#lib/core/access/learn-groups'
import { seesEverything } from '#lib/core/access/may-see'
import { type Rota, whyUnavailable } from '#lib/core/access/rota'
import { type ChannelName, channelLabels } from '#lib/core/notices/kinds'

export type AttentionItem = {
  kind:
    | 'cluster-unreachable'
    | 'cluster-unswept'
    | 'ending-late'
    | 'configuration-refused'
    | 'provider-misconfigured'
    | 'worker-silent'
    | 'tampered'
    | 'strays'
    | 'notices-undelivered'
    | 'rota-unreadable'
    | 'groups-unconfirmed'
    | 'groups-missing'
    | 'break-glass'
    | 'review-due'
  sentence: string
  href?: `/requests/${string}` | '/inbox/reviews'
}

function refusedSentence(actor: PersonActor, { problems }: NonNullable<CurrentPolicy['refused']>): string {
  const still = 'The last valid version is still in force.'
  const first = problems[0]
  // Only admins may read the configuration, and so what is wrong in it.
  if (!first || !hasRole(actor, 'admin')) return `A change of the configuration was refused. ${still}`
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  return `${first.file}:${first.line}:${first.column}: ${first.path} ${first.message}${more}. ${still}`
}

/** Why this person has no groups although they may be in some at the identity provider. */
function missingGroupsSentence(problem: GroupsProblem, claim: string): string {
  const why = {
    absent: `Your identity provider sent no ${claim}`,
    overage: `Your identity provider sent no ${claim}, because you are in too many for its token`,
    unusable: `Your identity provider sent ${claim} that are not a list of names`,
  }[problem]
  return `${why}. You have no groups in Postern until it does. Contact your Postern administrator.`
}

/** Seconds. A notice is tried for the first time at once; a short outage of a mail server is no news. */
const noticesLateAfter = 120

/** The channels that don't deliver, for admins. */
function undelivered(channels: readonly ChannelState[]): AttentionItem[] {
  return channels.flatMap(({ channel, waiting, oldestSeconds, dead, lastError }) => {
    const isLate = waiting > 0 && oldestSeconds > noticesLateAfter
    if (!isLate && dead === 0) return []
    const what = [
      ...(isLate ? [waiting === 1 ? '1 notice waits' : `${waiting} notices wait`] : []),
      ...(dead > 0 ? [dead === 1 ? '1 notice was given up' : `${dead} notices were given up`] : []),
    ].join(', and ')
    const label = channelLabels[channel as ChannelName] ?? channel
    const why = lastError ? ` Last error: ${lastError}.` : ''
    return [{ kind: 'notices-undelivered' as const, sentence: `${label}: ${what}.${why} See /notices.` }]
  })
}

/** One review leads to its request, several to their list. */
function reviewsWaiting(due: Attention['reviewsDue']): AttentionItem[] {
  const [first, second] = due
  if (!first) return []
  const overdue = due.filter(({ isOverdue }) => isOverdue).length
  if (!second) {
    const sentence = `The break-glass access of ${first.holder} waits for your review${overdue ? ', which is overdue' : ''}.`
    return [{ kind: 'review-due', sentence, href: `/requests/${first.requestId}` }]
  }
  const count = due.length < mostReviewsRead ? `${due.length}` : `${due.length} or more`
  const late = overdue > 0 ? `, ${overdue} of them overdue` : ''
  const sentence = `${count} uses of break-glass access wait for your review${late}.`
  return [{ kind: 'review-due', sentence, href: '/inbox/reviews' }]
}

/** The rotas outside of Postern that can't be read, for admins. Requests say so too, without the reason. */
const unreadable = (rotas: readonly Rota[]): AttentionItem[] =>
  rotas.flatMap((rota) => {
    const why = whyUnavailable(rota, new Date())
    if (!why) return []
    const reason = rota.cached?.problem ? `: ${rota.cached.problem.sentence}` : ''
    const effect = why.isTooOld ? 'No one counts as on call there.' : 'Who is on call there may be out of date.'
    return [{ kind: 'rota-unreadable' as const, sentence: `The rota ${rota.name} can’t be read${reason}. ${effect}` }]
  })

/** What everyone should know on every page before they trust it. Empty when all is well. */
export async function attention(actor: PersonActor): Promise<AttentionItem[]> {
  const { refused, configuration } = currentPolicy()
  const reader = seesEverything(actor) ? 'all' : actor.person.id
  const who = { holderId: reader, readerId: actor.person.id, groups: actor.person.groups }
  const { unreachable, unswept, late, tampered, strays, isWorkerSilent, ...noticed } = await gatherAttention(who)
  const items: AttentionItem[] = []
  for (const { requestId, holder, cluster, expiresAt } of noticed.breakGlass) {
    const until = expiresAt ? ` until ${exactTime(new Date(expiresAt).toISOString())} UTC` : ''
    const sentence = `Break-glass access is in use: ${holder} on ${cluster}${until}.`
    items.push({ kind: 'break-glass', sentence, href: `/requests/${requestId}` })
  }
  items.push(...reviewsWaiting(noticed.reviewsDue))
  if (actor.areGroupsUnconfirmed) {
    const sentence =
      'Your identity provider hasn’t confirmed your groups for 15 minutes, so you have no groups or roles here until it does. Sign out and in again if this persists.'
    items.push({ kind: 'groups-unconfirmed', sentence })
  }
  const { groupsProblem } = actor.person
  if (groupsProblem && !actor.areGroupsUnconfirmed) {
    const sentence = missingGroupsSentence(groupsProblem, `“${configuration.identity.groupsClaim}”`)
    items.push({ kind: 'groups-missing', sentence })
  }
  if (isWorkerSilent) {
    const sentence = 'Access is neither granted nor ended: no worker has sent a heartbeat for a minute.'
    items.push({ kind: 'worker-silent', sentence })
  }
  if (late > 0) {
    const what = late === 1 ? '1 grant is past its end' : `${late} grants are past their end`
    const sentence = `${what}, but the cluster has not yet denied the access: it may still work.`
    items.push({ kind: 'ending-late', sentence })
  }
  if (tampered > 0) {
    const what = tampered === 1 ? '1 active grant was' : `${tampered} active grants were`
    items.push({ kind: 'tampered', sentence: `${what} changed in the cluster by someone else. See the request.` })
  }
  if (strays > 0) {
    const what = strays === 1 ? '1 object is' : `${strays} objects are`
    const sentence = `${what} labelled as Postern’s, but not owned by any grant. See the clusters page.`
    items.push({ kind: 'strays', sentence })
  }
  if (hasRole(actor, 'admin')) items.push(...unreadable(configuration.rotas), ...undelivered(await channelStates()))
  const known = new Set(configuration.clusters.map(({ name }) => name))
  // Without a worker no cluster is read; the sentence about the worker is enough then.
  for (const { name } of isWorkerSilent ? [] : unreachable.filter((cluster) => known.has(cluster.name))) {
    const sentence = `${name} can't be reached: access there is neither granted nor ended until it responds.`
    items.push({ kind: 'cluster-unreachable', sentence })
  }
  const unavailable = new Set(unreachable.map(({ name }) => name))
  for (const name of isWorkerSilent ? [] : unswept.filter((one) => known.has(one) && !unavailable.has(one))) {
    const sentence = `${name} responds but was not swept for a minute: objects without a grant stay there.`
    items.push({ kind: 'cluster-unswept', sentence })
  }
  const { problems, reference } = providerProblems()
  if (problems.length > 0) {
    const details = hasRole(actor, 'admin') ? problems.map(({ sentence }) => ` ${sentence}`).join('') : ''
    const sentence = `Postern’s connection to the identity provider is misconfigured.${details} Reference: ${reference}.`
    items.push({ kind: 'provider-misconfigured', sentence })
  }
  if (refused) items.push({ kind: 'configuration-refused', sentence: refusedSentence(actor, refused) })
  return items
}
