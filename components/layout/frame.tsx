import { clsx } from 'clsx'
import type { ReactNode } from 'react'
import { Link } from '#components/ui/link'
import { Mark } from '#components/ui/mark'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { Me } from '#lib/core/access/me-resource'
import { NavLink } from './nav-link.tsx'
import { SignOut } from './sign-out.tsx'

type Props = {
  me: Pick<Me, 'name' | 'email' | 'username' | 'subject' | 'roles'>
  inboxCount: number
  attention: { kind: string; sentence: string; href?: `/requests/${string}` | '/inbox/reviews' }[]
  children: ReactNode
}

/** The frame around every page: navigation, the signed-in person, and anything that needs attention. */
export function Frame({ me, inboxCount, attention, children }: Props) {
  return (
    <div className="min-h-dvh rail:grid rail:grid-cols-[220px_minmax(0,1fr)] print:block">
      <a
        href="#content"
        className="no-print sr-only z-50 rounded-sm bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to content
      </a>
      <header className="no-print rail:sticky rail:top-0 rail:flex rail:h-dvh rail:flex-col rail:border-r rail:border-line rail:bg-sunken rail:px-3 rail:py-4">
        <p className="hidden items-center gap-2 px-2.5 pb-5 text-[1rem] font-strong rail:flex">
          <Mark size={20} />
          Postern
        </p>
        <nav
          aria-label="Main"
          className="fixed inset-x-0 bottom-0 z-20 flex border-t border-line bg-sunken px-1 pb-[env(safe-area-inset-bottom)] rail:static rail:flex-col rail:gap-0.5 rail:border-0 rail:p-0"
        >
          <NavLink href="/access" icon="access">
            Access
          </NavLink>
          <NavLink href="/inbox" icon="inbox" count={inboxCount}>
            Inbox
          </NavLink>
          <NavLink href="/live" icon="live">
            Live
          </NavLink>
          <NavLink href="/history" icon="history">
            History
          </NavLink>
          <NavLink href="/guardrails" icon="guardrails">
            Guardrails
          </NavLink>
          <NavLink href="/clusters" icon="clusters">
            Clusters
          </NavLink>
        </nav>
        <div className="mt-auto hidden rail:block">
          <Whoami me={me} />
        </div>
      </header>
      <div className="flex min-h-dvh min-w-0 flex-col pb-foot rail:has-[[data-panes]]:h-dvh rail:has-[[data-panes]]:overflow-clip print:block print:h-auto!">
        {attention.length > 0 && <AttentionLine items={attention} />}
        <main
          id="content"
          tabIndex={-1}
          className="w-full max-w-[1344px] flex-1 px-4 pt-6 pb-12 outline-none rail:px-8 rail:pt-8 rail:has-[[data-panes]]:flex rail:has-[[data-panes]]:min-h-0 rail:has-[[data-panes]]:flex-col rail:has-[[data-panes]]:pt-4 rail:has-[[data-panes]]:pb-0 print:block! print:p-0"
        >
          {children}
        </main>
        <footer className="no-print border-t border-line px-4 py-4 rail:hidden">
          <Whoami me={me} />
        </footer>
      </div>
    </div>
  )
}

function Whoami({ me }: Pick<Props, 'me'>) {
  return (
    <div className="space-y-3 px-2.5">
      <div>
        <p className="truncate font-strong">
          <UntrustedText>{me.name}</UntrustedText>
        </p>
        <p className="truncate text-dense text-muted">
          <UntrustedText>{me.email ?? me.username ?? me.subject}</UntrustedText>
        </p>
        {me.roles.length > 0 && <p className="mt-0.5 text-dense">{me.roles.join(', ')}</p>}
      </div>
      <div className="-mx-2 flex flex-wrap gap-1">
        <Link
          href="/settings"
          className="inline-flex min-h-7 items-center rounded-sm px-2 text-dense text-muted hover:text-ink"
        >
          Settings
        </Link>
        <SignOut />
      </div>
    </div>
  )
}

function AttentionSentence({ item: { sentence, href } }: { item: Props['attention'][number] }) {
  if (!href) return <UntrustedText>{sentence}</UntrustedText>
  return (
    <Link className="link" href={href}>
      <UntrustedText>{sentence}</UntrustedText>
    </Link>
  )
}

/** One line at the top of every page, until the problem is resolved. Break-glass access in use comes first, in red. */
function AttentionLine({ items }: { items: Props['attention'] }) {
  const [first, ...others] = items
  if (!first) return null
  const isBreakGlass = first.kind === 'break-glass'
  return (
    <div
      role="status"
      className={clsx(
        'no-print border-b bg-sunken px-4 py-2 text-dense rail:px-8',
        isBreakGlass ? 'border-bad border-l-3' : 'border-ending',
      )}
    >
      <span className={clsx('mr-2 font-strong', isBreakGlass ? 'text-bad' : 'text-ending')}>
        {isBreakGlass ? '● Break-glass' : '◐ Needs attention'}
      </span>
      <AttentionSentence item={first} />
      {others.length > 0 && (
        <details className="mt-1">
          <summary className="text-muted">and {others.length} more</summary>
          <ul>
            {others.map((item) => (
              <li key={item.sentence}>
                <AttentionSentence item={item} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  )
}
