import { gatherAttention } from '#lib/adapters/db/gather-attention'
import { type CurrentPolicy, currentPolicy } from '#lib/adapters/policy/current'
import { hasRole, type PersonActor } from '#lib/core/access/actor'
import { seesEverything } from '#lib/core/access/may-act'

export type AttentionItem = {
  kind:
    | 'cluster-unreachable'
    | 'cluster-unswept'
    | 'ending-late'
    | 'configuration-refused'
    | 'worker-silent'
    | 'tampered'
    | 'strays'
  sentence: string
}

function refusedSentence(actor: PersonActor, { problems }: NonNullable<CurrentPolicy['refused']>): string {
  const still = 'the last good version stays in force'
  const first = problems[0]
  if (!first || !hasRole(actor, 'admin')) return `The changed configuration was refused; ${still}.`
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  return `${first.file}:${first.line}:${first.column}: ${first.path} ${first.message}${more}; ${still}.`
}

/** What everybody on every page should know before they trust what they see. Empty when all is well. */
export async function attention(actor: PersonActor): Promise<AttentionItem[]> {
  const { refused, configuration } = currentPolicy()
  const reader = seesEverything(actor) ? 'all' : actor.person.id
  const { unreachable, unswept, late, tampered, strays, isWorkerSilent } = await gatherAttention(reader)
  const items: AttentionItem[] = []
  if (isWorkerSilent) {
    const sentence = 'Nothing is being granted or ended: no worker has given a sign of life for a minute.'
    items.push({ kind: 'worker-silent', sentence })
  }
  if (late > 0) {
    const what = late === 1 ? '1 grant is' : `${late} grants are`
    items.push({ kind: 'ending-late', sentence: `${what} past the end and not proven over: access may still work.` })
  }
  if (tampered > 0) {
    const what = tampered === 1 ? '1 grant that is live was' : `${tampered} grants that are live were`
    items.push({ kind: 'tampered', sentence: `${what} changed in the cluster by somebody else: see the request.` })
  }
  if (strays > 0) {
    const what = strays === 1 ? '1 object' : `${strays} objects`
    const sentence = `${what} with Postern’s labels that no grant on record owns: see the clusters page.`
    items.push({ kind: 'strays', sentence })
  }
  const known = new Set(configuration.clusters.map(({ name }) => name))
  // With no worker every cluster counts as not looked at; one sentence is enough then.
  for (const { name } of isWorkerSilent ? [] : unreachable.filter((cluster) => known.has(cluster.name))) {
    const sentence = `${name} cannot be reached: access there is neither made nor ended until it answers.`
    items.push({ kind: 'cluster-unreachable', sentence })
  }
  const away = new Set(unreachable.map(({ name }) => name))
  for (const name of isWorkerSilent ? [] : unswept.filter((one) => known.has(one) && !away.has(one))) {
    const sentence = `${name} answers but was not swept for a minute: what somebody left over there stays.`
    items.push({ kind: 'cluster-unswept', sentence })
  }
  if (refused) items.push({ kind: 'configuration-refused', sentence: refusedSentence(actor, refused) })
  return items
}
