'use client'
import { Link } from '#components/ui/link'
import { LinkButton } from '#components/ui/link-button'
import { Notice } from '#components/ui/notice'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { AlreadyHeld } from '#lib/core/access/already-held'
import { rulesInWords } from '#lib/core/rbac/sentence'
import { buttonStyle } from '../ui/button-style.ts'
import { type Connect, ConnectSheet } from './connect-sheet.tsx'
import { namespacesInWords, stepInWords, whatInWords } from './words.ts'

type Props = {
  held: AlreadyHeld[]
  connect: Connect
  /** Offers to request it again; the form itself is that offer. */
  again?: boolean
}

/** What the person has already, or has requested already, of what they are about to request. */
export function AlreadyHeldNotice({ held, connect, again = false }: Props) {
  return held.map((one) => (
    <Notice key={one.requestId} tone={one.status === 'active' ? 'good' : 'waiting'}>
      <p>
        <HeldSentence held={one} />
      </p>
      <p className="text-dense text-muted">
        <UntrustedText>{one.title}</UntrustedText>{' '}
        <code>
          <UntrustedText>{`${one.cluster} · ${namespacesInWords(one.namespaces)}`}</UntrustedText>
        </code>
      </p>
      {one.missing.length > 0 && (
        <p className="text-dense">
          Missing:{' '}
          <code>
            <UntrustedText>
              {one.missing.map((part) => `${rulesInWords(part.rules)} in ${part.namespaces.join(', ')}`).join('; ')}
            </UntrustedText>
          </code>
        </p>
      )}
      <div className="mt-2 flex flex-wrap items-center gap-2">
        {one.status === 'active' && one.grantId ? (
          <ConnectSheet
            grantId={one.grantId}
            cluster={one.cluster}
            namespace={one.namespaces[0] ?? ''}
            what={whatInWords(one)}
            expiresAt={one.expiresAt}
            may={{ may: true }}
            kind={one.missing.length > 0 ? 'plain' : 'primary'}
            connect={connect}
          />
        ) : (
          <Link className={buttonStyle()} href={`/requests/${one.requestId}`}>
            Open request
          </Link>
        )}
        {again && one.status === 'active' && one.missing.length === 0 && (
          <LinkButton kind="quiet" href={`/requests/new?again=${one.requestId}`}>
            Request again
          </LinkButton>
        )}
      </div>
    </Notice>
  ))
}

function HeldSentence({ held: { status, missing, expiresAt, createdAt, steps } }: { held: AlreadyHeld }) {
  const what = missing.length > 0 ? 'a part of this' : 'this'
  if (status === 'active')
    return (
      <>
        You have {what}
        {expiresAt && (
          <>
            {' '}
            until <Time at={expiresAt} as="time" withZone />, for another <Time at={expiresAt} as="left" />
          </>
        )}
        .
      </>
    )
  const waits = steps.flatMap((step) => stepInWords(step) ?? []).join(' and ')
  return (
    <>
      You requested {what} <Time at={createdAt} />.{' '}
      {status === 'approved' ? (
        'It’s approved and not active yet.'
      ) : (
        <>
          It’s waiting for <UntrustedText>{waits || 'Postern to process it'}</UntrustedText>.
        </>
      )}
    </>
  )
}
