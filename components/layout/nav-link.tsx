'use client'
import { usePathname } from 'next/navigation'
import { Icon, type IconName } from '#components/ui/icon'
import { Link } from '#components/ui/link'

type Props = {
  href: '/access' | '/inbox' | '/live' | '/history' | '/guardrails' | '/clusters'
  icon: IconName
  count?: number
  children: string
}

const under: Record<Props['href'], string[]> = {
  '/access': ['/requests/new', '/requests', '/check-access'],
  '/inbox': ['/inbox/decided', '/inbox/reviews'],
  '/live': [],
  '/history': [],
  '/guardrails': [],
  '/clusters': ['/clusters/'],
}

/** One destination: a row in the rail, or a column in the bottom bar of a phone. */
export function NavLink({ href, icon, count = 0, children }: Props) {
  const path = usePathname()
  const here = path === href || under[href].some((prefix) => path.startsWith(prefix))
  return (
    <Link
      href={href}
      aria-current={path === href ? 'page' : here ? 'true' : undefined}
      className="relative flex min-h-12 min-w-0 flex-1 flex-col items-center justify-center gap-0.5 rounded-sm text-[0.6875rem] text-muted max-[359px]:text-[0.625rem] hover:text-ink aria-[current]:text-ink rail:min-h-8 rail:flex-none rail:flex-row rail:justify-start rail:gap-2.5 rail:px-2.5 rail:text-body rail:aria-[current]:bg-hover rail:aria-[current]:font-strong"
    >
      <span
        aria-hidden
        className="absolute inset-x-5 top-0 hidden h-0.5 bg-accent in-aria-[current]:block rail:inset-x-auto rail:inset-y-1.5 rail:left-0 rail:h-auto rail:w-0.5"
      />
      <Icon name={icon} />
      <span className="truncate">{children}</span>
      {count > 0 && (
        <span className="absolute top-1 left-1/2 ml-2.5 rail:static rail:ml-auto">
          <span className="sr-only">, </span>
          <span className="rounded-full bg-waiting px-1.5 text-[0.6875rem] leading-4 font-strong text-ground">
            {count}
          </span>
          <span className="sr-only"> waiting for you</span>
        </span>
      )}
    </Link>
  )
}
