import type { ReactNode } from 'react'

type Props = { id: string; title: string; aside?: ReactNode; children: ReactNode }

/** A section of a page whose heading links to itself, so that its place can be shared. */
export function Section({ id, title, aside, children }: Props) {
  return (
    <section id={id} aria-labelledby={`${id}-title`} className="mt-8 border-t border-line pt-4">
      <div className="mb-2 flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <h2 id={`${id}-title`} className="group text-body">
          <a href={`#${id}`} className="hover:underline">
            {title}
            <span aria-hidden className="no-print ml-1.5 text-muted opacity-0 group-hover:opacity-100">
              #
            </span>
          </a>
        </h2>
        {aside && <div className="text-dense text-muted">{aside}</div>}
      </div>
      {children}
    </section>
  )
}
