import type { ReactNode } from 'react'

/** The empty state of a list: what would be here, and how to get it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="border-y border-line py-5">
      <p>{title}</p>
      {children && <div className="mt-1 max-w-[72ch] text-muted">{children}</div>}
    </div>
  )
}
