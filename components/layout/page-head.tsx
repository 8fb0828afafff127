import type { ReactNode } from 'react'

type Props = { title: ReactNode; children?: ReactNode; aside?: ReactNode }

/** A page's headline, its introduction, and its actions at the side. */
export function PageHead({ title, children, aside }: Props) {
  return (
    <div className="mb-6 flex flex-wrap items-start justify-between gap-x-8 gap-y-3">
      <div className="min-w-0 max-w-[72ch]">
        <h1 id="headline" tabIndex={-1} className="text-title tracking-[-0.01em] text-balance outline-none">
          {title}
        </h1>
        {children && <div className="mt-1.5 text-muted">{children}</div>}
      </div>
      {aside}
    </div>
  )
}
