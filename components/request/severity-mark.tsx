import { clsx } from 'clsx'
import type { Severity } from '#lib/access/severity'

const shapes: Record<Severity, { colour: string; shape: React.ReactNode }> = {
  low: { colour: 'text-muted', shape: <path d="M2.5 7h9" /> },
  raised: { colour: 'text-waiting', shape: <path d="M7 2.5 12 11.5H2Z" strokeLinejoin="round" /> },
  severe: {
    colour: 'text-bad',
    shape: <path d="M7 1.5 12.5 7 7 12.5 1.5 7Z" fill="currentColor" strokeLinejoin="round" />,
  },
}

/** How grave a risk is: a shape, a word and a colour together. `wordless` where words beside it say the same. */
export function SeverityMark({ severity, wordless = false }: { severity: Severity; wordless?: boolean }) {
  const { colour, shape } = shapes[severity]
  return (
    <span className={clsx('inline-flex items-center gap-1.5 font-strong whitespace-nowrap', colour)}>
      <svg
        aria-hidden
        className="shrink-0"
        width="14"
        height="14"
        viewBox="0 0 14 14"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
      >
        {shape}
      </svg>
      <span className={wordless ? 'sr-only' : undefined}>{severity}</span>
    </span>
  )
}
