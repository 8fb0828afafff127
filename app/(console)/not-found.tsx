import { NothingHere, nothingHere } from '#components/layout/not-found-notice'
import { PageHead } from '#components/layout/page-head'

export default function NotFoundInFrame() {
  return (
    <>
      <PageHead title={nothingHere} />
      <NothingHere />
    </>
  )
}
