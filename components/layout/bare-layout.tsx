import type { ReactNode } from 'react'
import { Mark } from '#components/ui/mark'

/** A page without the frame: the mark, a headline and the content. */
export function BareLayout({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-sm flex-col justify-center px-4 py-12">
      <p className="flex items-center gap-2 font-strong">
        <Mark />
        Postern
      </p>
      <h1 className="mt-8 mb-2 text-title tracking-[-0.01em]">{title}</h1>
      {children}
    </main>
  )
}
