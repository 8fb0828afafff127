// Loads the policy of a command.
import { problemInWords } from '#lib/adapters/policy/current'
import type { ParsedConfiguration } from '#lib/adapters/policy/parse'
import { readPolicyFiles } from '#lib/adapters/policy/read-files'
import { UsageError } from '../usage-error.ts'

/** @throws UsageError that lists every problem with its place */
export async function loadPolicy(path: string): Promise<ParsedConfiguration & { ok: true }> {
  const read = await readPolicyFiles(path)
  if (!read) throw new UsageError(`Can't read ${path}.`)
  if (read.result.ok) return read.result
  throw new UsageError(`The policy is invalid:\n${read.result.problems.map(problemInWords).join('\n')}`)
}
