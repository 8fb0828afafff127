import { buttonStyle } from '../ui/button-style.ts'

export const nothingHere = 'This page doesn’t exist, or you don’t have access to it'

/**
 * NB: one text for a missing page and for one that the reader may not see, so that neither reveals the other.
 * Every page loads the scripts of this one, so its link needs none.
 */
export function NothingHere() {
  return (
    <>
      <p className="text-muted">
        If this is a link to a request: its requester, its approvers and auditors can open it.
      </p>
      <p className="mt-6">
        <a className={buttonStyle('primary')} href="/access">
          Go to Access
        </a>
      </p>
    </>
  )
}
