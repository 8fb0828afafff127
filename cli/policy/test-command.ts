import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { fileErrorMessage } from '../file-error.ts'
import { painter, type Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { policyOption } from './option.ts'

const formats = ['text', 'junit'] as const
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
      const { exitCodeOfTests, testsJunit, testsText } = await import('./test-report.ts')
      const tests = await runTests(options.policy ?? 'postern.yaml', files)
      const text = (paint: Parameters<typeof testsText>[1]) => testsText(tests, paint)
      if (options.output !== undefined) {
        const report = options.format === 'junit' ? testsJunit(tests) : text((_, part) => part)
        await writeFile(options.output, report).catch((error: unknown) => {
          throw new UsageError(`${options.output}: ${fileErrorMessage(error)}`)
        })
      }
      const isText = options.format === 'text' || options.output !== undefined
      terminal.stdout.write(isText ? text(painter(terminal.stdout, terminal.env)) : testsJunit(tests))
      terminal.exitCode = exitCodeOfTests(tests)
    })
}
