// The policy that a command works with.
import { problemInWords } from '#lib/adapters/policy/current'
import type { ParsedConfiguration } from '#lib/adapters/policy/parse'
import { readPolicyFiles } from '#lib/adapters/policy/read-files'
import { UnusableFile } from '../unusable-file.ts'

/** @throws UnusableFile, which names every problem with its place */
export async function loadPolicy(path: string): Promise<ParsedConfiguration & { ok: true }> {
  const read = await readPolicyFiles(path)
  if (!read) throw new UnusableFile(`${path} was not read`)
  if (read.result.ok) return read.result
  throw new UnusableFile(`The policy is refused:\n${read.result.problems.map(problemInWords).join('\n')}`)
}
