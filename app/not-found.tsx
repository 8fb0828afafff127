import type { Metadata } from 'next'
import { Lone } from '#components/layout/lone'
import { NothingHere, nothingHere } from '#components/layout/nothing-here'

export const metadata: Metadata = { title: 'Nothing here' }

export default function NotFound() {
  return (
    <Lone title={nothingHere}>
      <NothingHere />
    </Lone>
  )
}
