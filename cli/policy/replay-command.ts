import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { readConfiguration } from '#lib/adapters/policy/parse'
import { mostReplayed, type ReplayInput, replayResource } from '#lib/core/access/policy-trial'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { fileErrorMessage } from '../file-error.ts'
import { ServerRefusal } from '../server/api.ts'
import type { Terminal } from '../terminal.ts'
import { asciiJson } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { replayText } from './replay-text.ts'

type Options = ServerOptions & {
  policy: string
  last: number
  against: ReplayInput['against']
  format: 'text' | 'json'
  failOnChange: boolean
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

/** A replay takes a few seconds. */
const timeoutMs = 60_000

/** Errors of the policy as `file:line:column: message`. */
function policyErrors(error: unknown, file: string): UsageError | null {
  if (!(error instanceof ServerRefusal)) return null
  const errors = error.problem.errors.filter(({ pointer }) => pointer === '/policy')
  return errors.length > 0 ? new UsageError(errors.map(({ message }) => `${file}:${message}`).join('\n')) : null
}

async function replay(terminal: Terminal, { policy: file, last, against, format, failOnChange, ...options }: Options) {
  const policy = readText(file)
  const body = { policy, calendars: calendarsOf(file, policy), last, against }
  const api = await openApi(terminal, options)
  const call = { path: '/policy/replay', body, response: replayResource, timeoutMs }
  const found = await api.call(call).catch((error: unknown) => {
    throw policyErrors(error, file) ?? error
  })
  terminal.stdout.write(format === 'json' ? asciiJson(found) : replayText(found))
  // An incomplete replay does not show that nothing changes.
  if (failOnChange && (found.changed > 0 || found.leftOut > 0)) terminal.exitCode = 1
}

/** `postern policy replay`: exits with 0 if no verdict changes, and 1 if one does. */
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
    .addOption(serverOption())
    .addOption(contextOption())
    .addHelpText(
      'after',
      '\nExit codes:\n  0  no verdict changes\n  1  a verdict changes, the replay is incomplete, or Postern refused it' +
        '\n  2  the policy is invalid\n  3  not signed in\n  4  the server can’t be reached',
    )
    .action((options: Options) => replay(terminal, options))
}
