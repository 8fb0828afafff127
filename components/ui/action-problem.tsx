import type { ActionError } from '#lib/core/access/action-result'
import { Notice } from './notice.tsx'

/** The error of an action: every problem, and the reference. */
export function ActionProblem({ error }: { error: ActionError | null }) {
  if (!error) return null
  return (
    <Notice live>
      <p className="text-bad">{error.sentence}</p>
      {error.errors.length > 0 && (
        <ul className="mt-1 text-dense">
          {error.errors.map((one) => (
            <li key={one.pointer + one.message}>
              {one.pointer && <code className="mr-1.5 text-muted">{one.pointer}</code>}
              {one.message}
            </li>
          ))}
        </ul>
      )}
      <p className="mt-1 text-dense text-muted">
        Reference <code>{error.reference}</code>
      </p>
    </Notice>
  )
}
