import type { Metadata } from 'next'
import { BareLayout } from '#components/layout/bare-layout'
import { NothingHere, nothingHere } from '#components/layout/not-found-notice'

export const metadata: Metadata = { title: 'Not found' }

export default function NotFound() {
  return (
    <BareLayout title={nothingHere}>
      <NothingHere />
    </BareLayout>
  )
}
