import Link from 'next/link'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { Change, Replay } from '#lib/core/access/policy-trial'
import { requiredByLabel } from '#lib/core/access/wanted-by-label'
import { OutcomeMark, UnknownFacts } from './trial-result.tsx'

const signs: Record<Change['now'], { sign: string; word: string; colour: string }> = {
  more: { sign: '+', word: 'now', colour: 'text-waiting' },
  less: { sign: '−', word: 'no longer', colour: 'text-good' },
}

const asks = (count: number) => (count === 1 ? '1 ask' : `${count} asks`)

/** Which asks another policy judges differently, and in what; and how often each guardrail comes in. */
export function ReplayResult({ replay }: { replay: Replay }) {
  const { judged, leftOut, since, changed, items, guardrails, against } = replay
  if (judged === 0) return <p>There is nothing to replay yet: nobody has asked for anything that you may see.</p>
  const other = guardrails.filter(({ before, after }) => before !== after)
  return (
    <div className="space-y-3 text-dense">
      <p className="text-body">
        {changed === 0
          ? `All of ${asks(judged)} would be judged alike.`
          : `${changed} of ${asks(judged)} would be judged differently.`}{' '}
        {since && (
          <span className="text-muted">
            Since <Time at={since} as="exact" /> UTC, compared with{' '}
            {against === 'then' ? 'what was said then' : 'the policy in force'}.
          </span>
        )}
      </p>
      {leftOut > 0 && <p className="text-waiting">{asks(leftOut)} left out: one replay is given only so much time.</p>}
      {other.length > 0 && (
        <ul aria-label="How often guardrails come in" className="flex flex-wrap gap-x-5 gap-y-1">
          {other.map(({ name, before, after }) => (
            <li key={name}>
              <code>{name}</code> {before ?? 'not kept'} → {after}
            </li>
          ))}
        </ul>
      )}
      <ul className="border-t border-line" aria-label="Asks that would be judged differently">
        {items.map(({ ask, before, after, changes, more, unknown }) => (
          <li key={ask.id} className="border-b border-line py-2">
            <p className="flex flex-wrap gap-x-3">
              {ask.kind === 'request' ? (
                <Link className="link" href={`/requests/${ask.id}`}>
                  <UntrustedText>{ask.entitlement}</UntrustedText>
                </Link>
              ) : (
                <span>
                  <UntrustedText>{ask.entitlement}</UntrustedText> <span className="text-muted">(refused then)</span>
                </span>
              )}
              <span className="text-muted">
                <UntrustedText>{`${ask.requester.name} · ${ask.cluster} · ${ask.namespaces.join(', ')}`}</UntrustedText>{' '}
                · <Time at={ask.at} />
              </span>
            </p>
            <p className="flex flex-wrap gap-x-2">
              <OutcomeMark outcome={before} />
              <span>
                <span aria-hidden>→</span>
                <span className="sr-only">becomes</span>
              </span>
              <OutcomeMark outcome={after} />
            </p>
            <ul>
              {changes.map((one) => (
                <ChangeLine key={one.kind + one.now + (one.code ?? '') + one.sentence} change={one} />
              ))}
            </ul>
            {more > 0 && <p className="text-muted">and {more} more</p>}
            <UnknownFacts unknown={unknown} />
          </li>
        ))}
      </ul>
    </div>
  )
}

function ChangeLine({ change: { now, code, kind, sentence, requiredBy, requiredByMore } }: { change: Change }) {
  const { sign, word, colour } = signs[now]
  return (
    <li className="flex gap-2">
      <span className={`${colour} whitespace-nowrap`}>
        <span aria-hidden className="inline-block w-4">
          {sign}
        </span>
        {kind === 'violation' || kind === 'warning' ? `${word} a ${kind}:` : `${now} ${kind}:`}
      </span>
      <div>
        <UntrustedText>{sentence}</UntrustedText> {code && <code className="text-muted">{code}</code>}
        {requiredBy.length > 0 && (
          <ul className="text-muted">
            {requiredBy.map((one) => (
              <li key={one.name}>
                {requiredByLabel[now]} <code>{one.name}</code>: <UntrustedText>{one.sentence}</UntrustedText>
              </li>
            ))}
            {requiredByMore > 0 && <li>{`${requiredByLabel[now]} ${requiredByMore} more`}</li>}
          </ul>
        )}
      </div>
    </li>
  )
}
