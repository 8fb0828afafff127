import { buttonStyle } from '../ui/button-style.ts'

type Props = { reference: string | undefined; retry: () => void }

/** Explains a failed page: what happened, what is safe, what to do, and a reference. Never shows the error itself. */
export function Failure({ reference, retry }: Props) {
  return (
    <div role="alert" className="max-w-[60ch]">
      <h1 className="text-title tracking-[-0.01em]">This page couldn’t be loaded</h1>
      <p className="mt-2">
        Something that Postern depends on didn’t respond, or Postern itself failed. Earlier changes are safe, and active
        access still ends on time.
      </p>
      <p className="mt-2 text-muted">Try again in a moment. If it keeps failing, contact your Postern administrator.</p>
      {reference && (
        <p className="mt-2 text-dense text-muted">
          Reference <code className="text-ink">{reference}</code>
        </p>
      )}
      <button type="button" onClick={retry} className={`${buttonStyle('primary')} mt-5`}>
        Try again
      </button>
    </div>
  )
}
