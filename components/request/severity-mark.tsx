import { ShapeMark } from '#components/ui/shape-mark'
import type { Severity } from '#lib/core/access/severity'

const shapes: Record<Severity, { colour: string; shape: React.ReactNode }> = {
  low: { colour: 'text-muted', shape: <path d="M2.5 7h9" /> },
  medium: { colour: 'text-waiting', shape: <path d="M7 2.5 12 11.5H2Z" strokeLinejoin="round" /> },
  high: {
    colour: 'text-bad',
    shape: <path d="M7 1.5 12.5 7 7 12.5 1.5 7Z" fill="currentColor" strokeLinejoin="round" />,
  },
}

/** A severity as a shape, a word and a colour. `wordless` hides the word where the text beside it already says it. */
export function SeverityMark({ severity, wordless = false }: { severity: Severity; wordless?: boolean }) {
  return <ShapeMark {...shapes[severity]} word={severity} wordless={wordless} />
}
