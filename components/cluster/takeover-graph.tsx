import { UntrustedText } from '#components/ui/untrusted-text'
import type { PostureResource } from '#lib/core/access/posture-finding'

type Path = PostureResource['open'][number]['path']

/**
 * The chain of a takeover, from top to bottom: a box for each subject, and between them the binding, the role and what it allows.
 * NB: a list of texts with borders, so that it reads the same without them.
 */
export function TakeoverGraph({ path }: { path: Path }) {
  const end = path.at(-1)?.to
  return (
    <ol aria-label="Steps of the takeover" className="mt-1 mb-2 max-w-[72ch] wrap-anywhere">
      {path.map((step) => (
        <li key={step.from}>
          <Box text={step.from} className="border-edge" />
          <Arrow step={step} />
        </li>
      ))}
      {end !== undefined && (
        <li>
          <Box text={end} className="border-bad font-strong text-bad" />
        </li>
      )}
    </ol>
  )
}

function Box({ text, className }: { text: string; className: string }) {
  return (
    <code className={`inline-block max-w-full border bg-sunken px-2 py-0.5 ${className}`}>
      <UntrustedText>{text}</UntrustedText>
    </code>
  )
}

/** A membership has no binding of its own. */
function Arrow({ step: { binding, role, can } }: { step: Path[number] }) {
  return (
    <div className="ml-3 border-l-2 border-edge py-1 pl-4">
      {binding && (
        <span className="text-muted">
          <UntrustedText>{binding}</UntrustedText>
          <span aria-hidden="true"> → </span>
          <span className="sr-only">, </span>
          <UntrustedText>{role}</UntrustedText>
          <span aria-hidden="true"> → </span>
          <span className="sr-only">: </span>
        </span>
      )}
      {binding ? `can ${can}` : `${can} of`}
      <span aria-hidden="true" className="relative -left-[1.3rem] block h-2 text-muted">
        ▼
      </span>
    </div>
  )
}
