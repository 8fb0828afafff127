import type { Metadata } from 'next'
import { Lone } from '#components/layout/bare-layout'
import { NothingHere, nothingHere } from '#components/layout/not-found-notice'

export const metadata: Metadata = { title: 'Nothing here' }

export default function NotFound() {
  return (
    <Lone title={nothingHere}>
      <NothingHere />
    </Lone>
  )
}
