import { clsx } from 'clsx'

export type ButtonKind = 'primary' | 'plain' | 'danger' | 'quiet'

/** The look of buttons, and of links that look like buttons. `wide` fills the line. */
export const buttonStyle = (kind: ButtonKind = 'plain', wide = false): string =>
  clsx(
    'inline-flex min-h-8 items-center justify-center gap-1.5 rounded-sm border px-3 py-1 font-strong whitespace-nowrap',
    'transition-colors duration-120 disabled:opacity-55',
    wide && 'w-full',
    kind === 'primary' &&
      'border-accent bg-accent text-on-accent enabled:hover:border-accent-strong enabled:hover:bg-accent-strong [a&]:hover:bg-accent-strong',
    kind === 'plain' && 'border-edge bg-ground text-ink hover:bg-hover',
    kind === 'danger' && 'border-bad bg-ground text-bad hover:bg-hover',
    kind === 'quiet' && 'border-transparent text-muted hover:bg-hover hover:text-ink',
  )
