import type { Change, Replay } from '#lib/core/access/policy-trial'
import { requiredByLabel } from '#lib/core/access/required-by-label'
import { visible } from '#lib/core/check/source'
import { plural } from '../terminal.ts'

const asks = (count: number) => plural(count, 'ask')
const signs = { more: '+', less: '-' }

const changeInText = ({ now, kind, code, sentence, requiredBy, requiredByMore }: Change): string[] => [
  `  ${signs[now]} ${kind}${code ? ` [${code}]` : ''}: ${sentence}`,
  ...requiredBy.map((one) => `    ${requiredByLabel[now]} [${one.name}]: ${one.sentence}`),
  ...(requiredByMore > 0 ? [`    ${requiredByLabel[now]} ${requiredByMore} more`] : []),
]

/** A replay for a terminal: what changes, ask by ask, and a summary at the end. */
export function replayInText({ items, judged, changed, leftOut, since, against, guardrails }: Replay): string {
  const told = items.flatMap(({ request, before, after, changes, more, unknown }) => [
    `${request.id}  ${request.at}  ${request.entitlement} on ${request.cluster} in ${request.namespaces.join(', ')}, by ${request.requester.name}`,
    `  ${before} -> ${after}`,
    ...changes.flatMap(changeInText),
    ...(more > 0 ? [`    and ${more} more`] : []),
    ...(unknown.length > 0 ? [`    not known: ${unknown.join(', ')} (counts as violated)`] : []),
    '',
  ])
  const counts = guardrails
    .filter(({ before, after }) => before !== after)
    .map(({ name, before, after }) => `${name}: came in ${before ?? '?'} -> ${after}`)
  const compared = against === 'recorded' ? 'the recorded verdicts' : 'the current policy'
  const summary =
    changed === 0
      ? `All of ${asks(judged)} would be judged alike`
      : `${changed} of ${asks(judged)} would be judged differently`
  const rest = leftOut > 0 ? [`${asks(leftOut)} left out: one replay is given only so much time.`] : []
  const lines = [
    ...told,
    ...counts,
    `${summary}${since ? `, since ${since}` : ''}, compared with ${compared}.`,
    ...rest,
  ]
  return `${lines.map(visible).join('\n')}\n`
}
