import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { readConfiguration } from '#lib/adapters/policy/parse'
import { mostReplayed, type ReplayInput, replayResource } from '#lib/core/access/policy-trial'
import type { Terminal } from '../terminal.ts'
import { asciiJson } from '../terminal.ts'
import { UnusableFile } from '../unusable-file.ts'
import { callApi } from './call-api.ts'
import { replayInText } from './replay-text.ts'

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
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${mostReplayed}.`)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UnusableFile(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

/** The calendars that the policy names, from beside it; one that cannot be read is left to the server to miss. */
function calendarsBeside(file: string, text: string): Record<string, string> {
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
  const body = { policy, calendars: calendarsBeside(file, policy), last, against }
  const found = await callApi({ server, token, path: '/policy/replay', body, answer: replayResource, file })
  terminal.stdout.write(format === 'json' ? asciiJson(found) : replayInText(found))
  // A replay that did not get to the end has not shown that nothing changes.
  if (failOnChange && (found.changed > 0 || found.leftOut > 0)) terminal.exitCode = 1
}

/** `postern policy replay`: exit code 0 where everything is judged alike, 1 where something is not, 2 where it cannot be said. */
export function replayCommand(terminal: Terminal): Command {
  return new Command('replay')
    .description('Which of the last asks would another policy judge differently? Asks a running Postern.')
    .requiredOption('--policy <file>', 'a postern.yaml, or a file with guardrails and guardrailPack alone')
    .option('--last <n>', `how many asks, newest first; at most ${mostReplayed}`, count, 100)
    .addOption(
      new Option(
        '--against <what>',
        'what to compare with: the recorded verdicts, or the verdicts of the current policy',
      )
        .choices(['recorded', 'current'])
        .default('recorded'),
    )
    .addOption(new Option('--format <format>', 'how to report').choices(['text', 'json']).default('text'))
    .option('--no-fail-on-change', 'exit with 0 also where something would be judged differently')
    .addOption(new Option('--server <url>', 'where Postern is').env('POSTERN_SERVER'))
    .addOption(new Option('--token <token>', 'a bearer token; better in the environment').env('POSTERN_TOKEN'))
    .addHelpText(
      'after',
      '\nExit code: 0 where everything would be judged alike, 1 where something would be judged differently or was left' +
        '\nout, 2 where the policy cannot be used or Postern cannot be asked.',
    )
    .action((options: Options) => replay(terminal, options))
}
