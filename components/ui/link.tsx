import NextLink from 'next/link'
import type { ComponentProps } from 'react'
import { LinkPending } from './navigation-bar.tsx'

/**
 * A link that shows the navigation bar while its page loads. It loads nothing before that: every page is rendered for its
 * reader, so what Next.js could fetch ahead saves nothing, and a list would cost a call for each row in view.
 */
export function Link<Route>({ children, ...link }: ComponentProps<typeof NextLink<Route>>) {
  return (
    <NextLink prefetch={false} {...link}>
      {children}
      <LinkPending />
    </NextLink>
  )
}
