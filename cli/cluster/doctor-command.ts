import { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { diagnose, hasProblem, inLines } from './doctor.ts'
import { neededObjects } from './objects.ts'
import { contextOption, type ExtentOptions, extentOf, extentOptions, kubeconfigOption } from './options.ts'

type Options = ExtentOptions & { kubeconfig?: string; context?: string }

/** `postern cluster doctor`: exits with 1 if something must be fixed. */
export function doctorCommand(terminal: Terminal): Command {
  const command = new Command('doctor')
    .description('Test a cluster with the kubeconfig that Postern uses, and say how to fix each problem.')
    .addOption(kubeconfigOption())
    .addOption(contextOption())
  for (const option of extentOptions()) command.addOption(option)
  return command.action(async (options: Options) => {
    const findings = await diagnose(options, neededObjects(extentOf(options)))
    terminal.stdout.write(inLines(findings))
    terminal.exitCode = hasProblem(findings) ? 1 : 0
  })
}
