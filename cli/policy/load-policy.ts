// Loads the policy of a command: a whole postern.yaml, or only its guardrails.
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { problemInWords } from '#lib/adapters/policy/current'
import { type ParsedCandidate, parseCandidate, readConfiguration } from '#lib/adapters/policy/parse'
import { fileErrorMessage } from '../file-error.ts'
import { UsageError } from '../usage-error.ts'

const utf8 = (bytes: Buffer) => new TextDecoder('utf-8', { fatal: true }).decode(bytes)

/** The calendars that the policy names, relative to it. One that cannot be read is a problem of the policy. */
async function readCalendars(path: string, names: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const name of names) {
    try {
      found.set(name, utf8(await readFile(resolve(dirname(path), name))))
    } catch {}
  }
  return found
}

/** @throws UsageError that lists every problem with its place */
export async function loadPolicy(path: string): Promise<ParsedCandidate & { ok: true }> {
  let text: string
  try {
    text = utf8(await readFile(path))
  } catch (error) {
    throw new UsageError(`${path}: ${fileErrorMessage(error)}`)
  }
  const calendars = await readCalendars(path, readConfiguration(text, path).calendars)
  const parsed = parseCandidate(text, path, calendars)
  if (parsed.ok) return parsed
  throw new UsageError(`The policy is invalid:\n${parsed.problems.map(problemInWords).join('\n')}`)
}
