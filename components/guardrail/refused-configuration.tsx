import { Notice } from '#components/ui/notice'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { ConfigurationProblem } from '#lib/core/access/configuration-problem'

type Props = { refused: { at: string; problems: ConfigurationProblem[] } }

/** A rejected change of postern.yaml: the policy that stays active, and the errors with their positions. */
export function RefusedConfiguration({ refused }: Props) {
  return (
    <Notice>
      <p>
        A configuration change was rejected <Time at={refused.at} />. The version above stays active.
      </p>
      {refused.problems.length === 0 ? (
        <p className="text-dense text-muted">Administrators can see the errors here.</p>
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
