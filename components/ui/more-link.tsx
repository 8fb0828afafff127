import { Link } from './link.tsx'

type Props = { shown: number; total: number; step: number; href: `/${string}` }

/** The end of a list that is not shown whole: how much is, and a link to more of it. */
export function MoreLink({ shown, total, step, href }: Props) {
  if (shown >= total) return null
  return (
    <p className="mt-2 flex flex-wrap items-center gap-x-3 text-dense text-muted">
      {shown} of {total} are shown.
      <Link href={href as '/access'} scroll={false} className="link inline-flex min-h-6 items-center">
        Show {Math.min(step, total - shown)} more
      </Link>
    </p>
  )
}
