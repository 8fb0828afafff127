import { clsx } from 'clsx'
import { Fragment } from 'react'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { RequestResource } from '#lib/core/access/request-resource'
import { lifeOf, type Moment } from './life.ts'

const tones: Record<Moment['tone'], string> = {
  plain: 'border-ink bg-ink',
  good: 'border-good bg-good',
  bad: 'border-bad bg-bad',
  ending: 'border-ending bg-ground',
  next: 'border-edge border-dashed bg-ground',
}

/** The life of a request as a picture that is also a list: what happened, by whom and when, and what is to come. */
export function LifeLine({ request }: { request: RequestResource }) {
  const moments = lifeOf(request)
  return (
    <ol aria-label="Life of this request" className="flex flex-col md:flex-row [&_time]:whitespace-normal">
      {moments.map((moment, index) => {
        const next = moments[index + 1]
        return (
          <li key={moment.word} className="relative min-w-0 flex-1 pb-4 pl-6 last:pb-0 md:pt-6 md:pr-4 md:pb-0 md:pl-0">
            {next && (
              <span
                aria-hidden
                className={clsx(
                  'absolute top-2.5 bottom-0 left-[5px] border-l md:top-[5px] md:right-0 md:bottom-auto md:left-2 md:border-t md:border-l-0',
                  next.tone === 'next' ? 'border-dashed border-edge' : 'border-ink',
                )}
              />
            )}
            <span
              aria-hidden
              className={clsx('absolute top-1 left-0 size-[11px] rounded-full border-2 md:top-0', tones[moment.tone])}
            />
            <MomentText moment={moment} />
          </li>
        )
      })}
    </ol>
  )
}

function MomentText({ moment: { word, tone, at, who, note } }: { moment: Moment }) {
  const isNext = tone === 'next'
  return (
    <>
      <p className={clsx(isNext ? 'text-muted' : 'font-strong')}>{word}</p>
      {who.length > 0 && (
        <p className="text-dense">
          by{' '}
          {who.map((name, index) => (
            <Fragment key={name}>
              {index > 0 && ' and '}
              <UntrustedText>{name}</UntrustedText>
            </Fragment>
          ))}
        </p>
      )}
      {note && (
        <p className="text-dense text-muted">
          <UntrustedText>{note}</UntrustedText>
        </p>
      )}
      {at && (
        <p className="text-dense text-muted">
          <Time at={at} as="exact" withZone />
        </p>
      )}
    </>
  )
}
