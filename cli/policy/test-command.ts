import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { fileErrorMessage } from '../file-error.ts'
import { painter, type Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { policyOption } from './option.ts'

const formats = ['text', 'junit', 'github'] as const
type Options = { policy?: string; format: (typeof formats)[number]; output?: string }

/** `postern policy test`: exits with 0 if every case passed, 1 if one failed, and 2 if a file could not be read. */
export function testCommand(terminal: Terminal): Command {
  return new Command('test')
    .description('Run the test cases of a policy: given a request, expect a verdict.')
    .argument('[files...]', 'test files (default: those next to the policy, such as postern.test.yaml)')
    .addOption(policyOption())
    .addOption(new Option('--format <format>', 'report format').choices(formats).default('text'))
    .option('--output <file>', 'write the report to a file, and print it as text')
    .action(async (files: string[], options: Options) => {
      // The guardrails take a while to load, and `--help` does not need them.
      const { runTests } = await import('./run-tests.ts')
      const { exitCodeOfTests, testsGithub, testsJunit, testsText } = await import('./test-report.ts')
      const tests = await runTests(options.policy ?? 'postern.yaml', files)
      const reports = { junit: testsJunit, github: testsGithub }
      const text = (paint: Parameters<typeof testsText>[1]) => testsText(tests, paint)
      if (options.output !== undefined) {
        const report = options.format === 'text' ? text((_, part) => part) : reports[options.format](tests)
        await writeFile(options.output, report).catch((error: unknown) => {
          throw new UsageError(`${options.output}: ${fileErrorMessage(error)}`)
        })
      }
      const shown = options.output === undefined ? options.format : 'text'
      terminal.stdout.write(shown === 'text' ? text(painter(terminal.stdout, terminal.env)) : reports[shown](tests))
      terminal.exitCode = exitCodeOfTests(tests)
    })
}
