import NextLink from 'next/link'
import type { ComponentProps } from 'react'
import { LinkPending } from './navigation-bar.tsx'

/** A link that shows the navigation bar while its page loads. */
export function Link<Route>({ children, ...link }: ComponentProps<typeof NextLink<Route>>) {
  return (
    <NextLink {...link}>
      {children}
      <LinkPending />
    </NextLink>
  )
}
