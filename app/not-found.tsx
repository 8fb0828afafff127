import type { Metadata } from 'next'
import { Lone } from '#components/layout/lone'
import { LinkButton } from '#components/ui/link-button'

export const metadata: Metadata = { title: 'Nothing here' }

/** Not there and not yours are one page, word for word. */
export default function NotFound() {
  return (
    <Lone title="There is nothing here, or it is not yours to see">
      <p className="text-muted">
        If somebody sent you this address, ask them who may see it: the person who asked, those who approve it, and
        auditors can.
      </p>
      <p className="mt-6">
        <LinkButton kind="primary" href="/">
          Go to your access
        </LinkButton>
      </p>
    </Lone>
  )
}
