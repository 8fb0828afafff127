import type { ActionError } from '#lib/core/access/action-result'
import { Notice } from './notice.tsx'

type Props = {
  error: ActionError | null
  /** Fields that show their own problems, such as `reason`. */
  besides?: string[]
}

/** The error of an action: the problems that no field shows, and the reference. */
export function ActionProblem({ error, besides = [] }: Props) {
  if (!error) return null
  const isShown = (pointer: string) =>
    besides.some((field) => pointer === `/${field}` || pointer.startsWith(`/${field}/`))
  const rest = error.errors.filter(({ pointer }) => !isShown(pointer))
  return (
    <Notice live>
      <p className="text-bad">{error.sentence}</p>
      {error.code === 'unauthenticated' && (
        <p>
          <a className="link" href="/sign-in" target="_blank" rel="noreferrer">
            Sign in in a new tab
          </a>
        </p>
      )}
      {rest.length > 0 && (
        <ul className="mt-1 text-dense">
          {rest.map((one) => (
            <li key={one.pointer + one.message}>
              {one.pointer && <code className="mr-1.5 text-muted">{one.pointer}</code>}
              {one.message}
            </li>
          ))}
        </ul>
      )}
      {error.reference && (
        <p className="mt-1 text-dense text-muted">
          Reference <code>{error.reference}</code>
        </p>
      )}
    </Notice>
  )
}
