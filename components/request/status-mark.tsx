import { ShapeMark } from '#components/ui/shape-mark'
import type { GrantStatus, RequestStatus } from '#lib/core/access/status'

export type ShownStatus = RequestStatus | GrantStatus

const ring = <circle cx="7" cy="7" r="5" />
const dashed = <circle cx="7" cy="7" r="5" strokeDasharray="2.2 2" />
const shapes: Record<ShownStatus, { colour: string; shape: React.ReactNode }> = {
  pending: { colour: 'text-waiting', shape: dashed },
  approved: { colour: 'text-good', shape: <path d="m2.5 7.5 3 3 6-6.5" /> },
  active: { colour: 'text-good', shape: <circle cx="7" cy="7" r="5" fill="currentColor" /> },
  ending: {
    colour: 'text-ending',
    shape: (
      <>
        {ring}
        <path d="M7 2a5 5 0 0 0 0 10Z" fill="currentColor" stroke="none" />
      </>
    ),
  },
  ended: { colour: 'text-muted', shape: ring },
  denied: { colour: 'text-bad', shape: <path d="m3 3 8 8M11 3l-8 8" /> },
  withdrawn: { colour: 'text-muted', shape: <path d="M2.5 7h9" /> },
  lapsed: {
    colour: 'text-muted',
    shape: (
      <>
        {dashed}
        <path d="M2.5 11.5 11.5 2.5" />
      </>
    ),
  },
}

/** A status as a shape, a word and a colour. `wordless` hides the word where the text beside it already says it. */
export function StatusMark({ status, wordless = false }: { status: ShownStatus; wordless?: boolean }) {
  return <ShapeMark {...shapes[status]} word={status === 'lapsed' ? 'expired' : status} wordless={wordless} />
}

type Stateful = { status: RequestStatus; grant: { status: GrantStatus } | null }

/** The status to show for a request: its grant's once that is past pending, else its own. */
export const shownStatus = ({ status, grant }: Stateful): ShownStatus =>
  grant && grant.status !== 'pending' ? grant.status : status
