// The test files of a policy: those next to it whose name starts with its name, such as postern.test.yaml.
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { type PolicyCaseFile, parsePolicyCases } from '#lib/core/guardrails/cases/policy-case-file'
import { fileErrorMessage } from '../file-error.ts'

export async function testFilesOf(policy: string): Promise<string[]> {
  const stem = basename(policy, extname(policy))
  const names = await readdir(dirname(policy))
  return names
    .filter((name) => name.startsWith(stem) && /\.test\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(dirname(policy), name))
}

/** The cases of one file. A file that cannot be read has one problem. */
export async function readCases(file: string): Promise<PolicyCaseFile> {
  try {
    return parsePolicyCases(new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file)))
  } catch (error) {
    return { ok: false, problems: [{ line: 1, column: 1, path: '', message: fileErrorMessage(error) }] }
  }
}
