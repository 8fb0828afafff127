import { buttonStyle } from '../ui/button-style.ts'

type Props = { reference: string | undefined; retry: () => void }

/** What happened, what is safe, what to do, and a reference to name. Never the error itself. */
export function Failure({ reference, retry }: Props) {
  return (
    <div role="alert" className="max-w-[60ch]">
      <h1 className="text-title tracking-[-0.01em]">This page could not be made</h1>
      <p className="mt-2">
        Something that Postern depends on did not answer, or something is wrong inside it. What you or others did before
        is safe, and access that is running ends on time: another process watches over that.
      </p>
      <p className="mt-2 text-muted">Try again in a moment. If it stays, tell whoever runs Postern.</p>
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
