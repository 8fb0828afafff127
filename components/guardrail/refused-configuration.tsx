import { Notice } from '#components/ui/notice'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'

type Problem = { file: string; line: number; column: number; path: string; message: string }
type Props = { refused: { at: string; problems: Problem[] } }

/** The file was changed to something wrong: what is in force instead, and what has to be put right where. */
export function RefusedConfiguration({ refused }: Props) {
  return (
    <Notice>
      <p>
        A change of the configuration was refused <Time at={refused.at} />. The version above stays in force, whole.
      </p>
      {refused.problems.length === 0 ? (
        <p className="text-dense text-muted">An administrator sees here which lines are wrong.</p>
      ) : (
        <ul className="mt-1 text-dense">
          {refused.problems.map((one) => (
            <li key={`${one.line}:${one.column}:${one.path}${one.message}`}>
              <code>
                {one.file}:{one.line}:{one.column}
              </code>{' '}
              {one.path && (
                <code className="text-muted">
                  <UntrustedText>{one.path}</UntrustedText>{' '}
                </code>
              )}
              <UntrustedText>{one.message}</UntrustedText>
            </li>
          ))}
        </ul>
      )}
    </Notice>
  )
}
