import { clsx } from 'clsx'
import type { ReactNode } from 'react'

type Props = { shape: ReactNode; word: string; colour: string; wordless?: boolean }

/** A state shown by a shape, a word and a colour together. `wordless` hides the word from sight, not from screen readers. */
export function ShapeMark({ shape, word, colour, wordless = false }: Props) {
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
      <span className={wordless ? 'sr-only' : undefined}>{word}</span>
    </span>
  )
}
