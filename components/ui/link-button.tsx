import type { ComponentProps } from 'react'
import { type ButtonKind, buttonStyle } from './button-style.ts'
import { Link } from './link.tsx'

type Props = Omit<ComponentProps<typeof Link>, 'className'> & { kind?: ButtonKind; wide?: boolean }

/** A link that looks like a button. */
export function LinkButton({ kind, wide, ...link }: Props) {
  return <Link {...link} className={buttonStyle(kind, wide)} />
}
