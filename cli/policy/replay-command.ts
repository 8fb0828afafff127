import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { readConfiguration } from '#lib/adapters/policy/parse'
import { mostReplayed, type ReplayInput, replayResource } from '#lib/core/access/policy-trial'
import { fileErrorMessage } from '../file-error.ts'
import type { Terminal } from '../terminal.ts'
import { asciiJson } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { callApi } from './call-api.ts'
import { replayText } from './replay-text.ts'

type Options = {
  policy: string
  last: number
  against: ReplayInput['against']
  format: 'text' | 'json'
  failOnChange: boolean
  server?: string
  token?: string
}

function count(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= mostReplayed) return value
  throw new InvalidArgumentError(`Must be a whole number from 1 to ${mostReplayed}.`)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file}: ${fileErrorMessage(error)}`)
  }
}

/** The calendars that the policy names. One that cannot be read is skipped: the server reports it as missing. */
function calendarsOf(file: string, text: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readConfiguration(text, file).calendars) {
    try {
      found[name] = readFileSync(resolve(dirname(file), name), 'utf8')
    } catch {}
  }
  return found
}

async function replay(
  terminal: Terminal,
  { policy: file, last, against, format, failOnChange, server, token }: Options,
) {
  const policy = readText(file)
  const body = { policy, calendars: calendarsOf(file, policy), last, against }
  const found = await callApi({ server, token, path: '/policy/replay', body, response: replayResource, file })
  terminal.stdout.write(format === 'json' ? asciiJson(found) : replayText(found))
  // An incomplete replay does not show that nothing changes.
  if (failOnChange && (found.changed > 0 || found.leftOut > 0)) terminal.exitCode = 1
}

/** `postern policy replay`: exits with 0 if no verdict changes, 1 if one does, and 2 if the replay fails. */
export function replayCommand(terminal: Terminal): Command {
  return new Command('replay')
    .description('Show which past requests a policy would judge differently. Requires a running Postern server.')
    .requiredOption('--policy <file>', 'a postern.yaml, or a file with only guardrails and guardrailPack')
    .option('--last <n>', `number of past requests, newest first (maximum: ${mostReplayed})`, count, 100)
    .addOption(
      new Option('--against <baseline>', 'compare with the recorded verdicts, or with those of the current policy')
        .choices(['recorded', 'current'])
        .default('recorded'),
    )
    .addOption(new Option('--format <format>', 'output format').choices(['text', 'json']).default('text'))
    .option('--no-fail-on-change', 'exit with 0 even if a verdict changes')
    .addOption(new Option('--server <url>', 'URL of the Postern server').env('POSTERN_SERVER'))
    .addOption(new Option('--token <token>', 'bearer token (safer in the environment)').env('POSTERN_TOKEN'))
    .addHelpText(
      'after',
      '\nExit codes:\n  0  no verdict changes\n  1  a verdict changes, or the replay is incomplete' +
        '\n  2  the policy is invalid, or the server cannot be reached',
    )
    .action((options: Options) => replay(terminal, options))
}
