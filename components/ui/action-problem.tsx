import type { ActionError } from '#lib/core/access/action-result'
import { Notice } from './notice.tsx'

type Props = {
  error: ActionError | null
  /** Fields that show their own problems, such as `reason`. */
  besides?: string[]
}

/** Leads back to this page, which then still has what was typed. */
export function SignInAgain() {
  return (
    <a
      className="link"
      href="/sign-in"
      onClick={({ currentTarget }) => {
        currentTarget.search = `?${new URLSearchParams({ from: location.pathname + location.search })}`
      }}
    >
      Sign in again
    </a>
  )
}

/** A sentence over the problems of single fields, which say the rest. */
const summaryOf = (problems: number, marked: number) =>
  `Fix ${problems === 1 ? 'this problem' : `these ${problems} problems`}${marked > 0 ? `, ${marked === problems ? 'marked above' : `${marked} of them marked above`},` : ''} and try again.`

/** The error of an action: the problems that no field shows, and the reference. */
export function ActionProblem({ error, besides = [] }: Props) {
  if (!error) return null
  const isShown = (pointer: string) =>
    besides.some((field) => pointer === `/${field}` || pointer.startsWith(`/${field}/`))
  const { errors } = error
  const rest = errors.filter(({ pointer }) => !isShown(pointer))
  return (
    <Notice live>
      <p className="text-bad">
        {errors.length > 0 ? summaryOf(errors.length, errors.length - rest.length) : error.sentence}
      </p>
      {error.code === 'unauthenticated' && (
        <p>
          <SignInAgain />
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
