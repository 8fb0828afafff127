import { styleText } from 'node:util'
import { Command, Option } from 'commander'
import { type Severity, severities } from '#lib/access/severity'
import { Checker } from '#lib/check/checker'
import { readPaths } from './read-paths.ts'
import { findingInText, isAtLeast, type Paint, summaryInText, unreadableInText } from './text-report.ts'

type Options = { failOn: Severity }

/** `postern check`: exit code 0 where nothing was found, 1 where something was, 2 where something could not be read. */
export function checkCommand(): Command {
  return new Command('check')
    .description('Judge every Role, ClusterRole and binding in manifests, before they reach a cluster.')
    .argument('<path...>', 'files, folders, or - for standard input: YAML or JSON, as kubectl takes it')
    .addOption(
      new Option('--fail-on <severity>', 'fail where something as grave as this was found')
        .choices(severities)
        .default('raised'),
    )
    .action(async (paths: string[], { failOn }: Options) => {
      const checker = new Checker()
      for await (const piece of readPaths(paths, process.stdin)) {
        if ('problem' in piece)
          checker.unreadable.push({ file: piece.file, line: 0, column: 0, message: piece.problem })
        else checker.read(piece.file, piece.document)
      }
      const paint: Paint = (style, text) => styleText(style, text, { stream: process.stdout })
      for (const finding of checker.findings) {
        if (isAtLeast(finding.severity, failOn)) process.stdout.write(`${findingInText(finding, paint)}\n\n`)
      }
      for (const part of checker.unreadable) process.stdout.write(`${unreadableInText(part, paint)}\n`)
      process.stdout.write(`${summaryInText(checker.findings, checker.unreadable, checker.totals)}\n`)
      const isFound = checker.findings.some(({ severity }) => isAtLeast(severity, failOn))
      process.exitCode = checker.unreadable.length > 0 ? 2 : isFound ? 1 : 0
    })
}
