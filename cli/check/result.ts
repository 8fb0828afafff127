// The result of a check, from which every report is made.
import { isMoreSevere, type Severity } from '#lib/core/access/severity'
import type { Baseline } from '#lib/core/check/baseline'
import type { Checker } from '#lib/core/check/checker'
import type { Finding } from '#lib/core/check/finding'

export type CheckResult = Pick<
  Checker,
  'findings' | 'unreadable' | 'notRead' | 'installers' | 'objects' | 'documents' | 'otherFiles'
> & {
  failOn: Severity
  /** What may grant permissions and was not read makes the result incomplete. */
  isStrict: boolean
  /** The charts and kustomizations that were rendered. Lines in them are lines of the output. */
  rendered: ReadonlySet<string>
  /** The files and directories that were not read because of a pattern. */
  excluded: readonly string[]
  /** Guardrails that do not apply to manifests. */
  skippedGuardrails: readonly { guardrail: string; because: string }[]
  /** Entries of the baseline that no longer occur. */
  fixed: Baseline['findings']
}

export const isFailing = ({ failOn }: Pick<CheckResult, 'failOn'>, { severity, accepted }: Finding): boolean =>
  accepted === null && !isMoreSevere(failOn, severity)

/** Whether something was not checked that a passed check would vouch for. */
export const isIncomplete = ({ unreadable, notRead, isStrict }: CheckResult): boolean =>
  unreadable.length > 0 || (isStrict && notRead.length > 0)

/** 2: some input could not be read, so nothing is known about it. 1: there are findings. */
export function exitCodeOf(result: CheckResult): 0 | 1 | 2 {
  if (isIncomplete(result)) return 2
  return result.findings.some((finding) => isFailing(result, finding)) ? 1 : 0
}
