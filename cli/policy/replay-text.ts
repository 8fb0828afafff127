import type { Change, Replay } from '#lib/core/access/policy-trial'
import { requiredByLabel } from '#lib/core/access/required-by-label'
import { visible } from '#lib/core/access/visible-text'
import { plural } from '../terminal.ts'

const requests = (count: number) => plural(count, 'request')
const signs = { more: '+', less: '-' }

const changeLines = ({ now, kind, code, sentence, requiredBy, requiredByMore }: Change): string[] => [
  `  ${signs[now]} ${kind}${code ? ` [${code}]` : ''}: ${sentence}`,
  ...requiredBy.map((guardrail) => `    ${requiredByLabel[now]} [${guardrail.name}]: ${guardrail.sentence}`),
  ...(requiredByMore > 0 ? [`    ${requiredByLabel[now]} ${requiredByMore} more`] : []),
]

/** The changes of a replay, request by request, and a summary. */
export function replayText({ items, judged, changed, leftOut, since, against, guardrails }: Replay): string {
  const changedRequests = items.flatMap(({ request, before, after, changes, more, unknown }) => [
    `${request.id}  ${request.at}  ${request.entitlement} on ${request.cluster} in ${request.namespaces.join(', ')}, by ${request.requester.name}`,
    `  ${before} -> ${after}`,
    ...changes.flatMap(changeLines),
    ...(more > 0 ? [`    and ${more} more`] : []),
    ...(unknown.length > 0 ? [`    unknown: ${unknown.join(', ')} (counts as violated)`] : []),
    '',
  ])
  const matches = guardrails
    .filter(({ before, after }) => before !== after)
    .map(({ name, before, after }) => `${name}: matches ${before ?? '?'} -> ${after}`)
  const summary =
    changed === 0 ? 'No verdict changes' : `${changed} ${changed === 1 ? 'verdict changes' : 'verdicts change'}`
  const period = since ? ` since ${since}` : ''
  const baseline = against === 'recorded' ? 'the recorded verdicts' : 'the current policy'
  const lines = [
    ...changedRequests,
    ...matches,
    `${summary}: replayed ${requests(judged)}${period} and compared them with ${baseline}.`,
    ...(leftOut > 0 ? [`Not replayed: ${requests(leftOut)}, because the time limit was reached.`] : []),
  ]
  return `${lines.map(visible).join('\n')}\n`
}
