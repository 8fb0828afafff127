import { LinkButton } from '#components/ui/link-button'

export const nothingHere = 'There is nothing here, or it is not yours to see'

/** Not there and not yours are one page, word for word, inside the frame and outside it. */
export function NothingHere() {
  return (
    <>
      <p className="text-muted">
        If somebody sent you this address, ask them who may see it: the person who asked, those who approve it, and
        auditors can.
      </p>
      <p className="mt-6">
        <LinkButton kind="primary" href="/">
          Go to your access
        </LinkButton>
      </p>
    </>
  )
}
