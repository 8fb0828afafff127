import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { painter, type Terminal } from '../terminal.ts'
import { UnusableFile } from '../unusable-file.ts'
import { policyOption } from './option.ts'

const formats = ['text', 'junit'] as const
type Options = { policy?: string; format: (typeof formats)[number]; output?: string }

/** `postern policy test`: exit code 0 where every case passed, 1 where one failed, 2 where something could not be read. */
export function testCommand(terminal: Terminal): Command {
  return new Command('test')
    .description('Run the cases that stand beside a policy: given a request, expect a verdict.')
    .argument('[files...]', 'files of cases; left out, those beside the policy, such as postern.test.yaml')
    .addOption(policyOption())
    .addOption(new Option('--format <format>', 'how to report').choices(formats).default('text'))
    .option('--output <file>', 'write the report there, and text to the terminal')
    .action(async (files: string[], options: Options) => {
      // What judges takes a while to load, and `--help` does not need it.
      const { runTests } = await import('./run-tests.ts')
      const { exitCodeOfTests, testsInJunit, testsInText } = await import('./test-report.ts')
      const tests = await runTests(options.policy ?? 'postern.yaml', files)
      const text = (paint: Parameters<typeof testsInText>[1]) => testsInText(tests, paint)
      if (options.output !== undefined) {
        const report = options.format === 'junit' ? testsInJunit(tests) : text((_, part) => part)
        await writeFile(options.output, report).catch((error: NodeJS.ErrnoException) => {
          throw new UnusableFile(`${options.output} cannot be written (${error.code})`)
        })
      }
      const isText = options.format === 'text' || options.output !== undefined
      terminal.stdout.write(isText ? text(painter(terminal.stdout)) : testsInJunit(tests))
      terminal.exitCode = exitCodeOfTests(tests)
    })
}
