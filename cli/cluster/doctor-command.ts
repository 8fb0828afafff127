import { Command } from 'commander'
import { openApi, serverOption } from '../account/session.ts'
import type { Terminal } from '../terminal.ts'
import { diagnose, hasProblem, inLines } from './doctor.ts'
import { neededObjects } from './objects.ts'
import { contextOption, type ExtentOptions, extentOf, extentOptions, kubeconfigOption } from './options.ts'
import { tokenWebhookFinding } from './token-webhook.ts'

type Options = ExtentOptions & { kubeconfig?: string; context?: string; cluster?: string; server?: string }

/** `postern cluster doctor`: exits with 1 if something must be fixed. */
export function doctorCommand(terminal: Terminal): Command {
  const command = new Command('doctor')
    .description('Test a cluster with the kubeconfig that Postern uses, and say how to fix each problem.')
    .addOption(kubeconfigOption())
    .addOption(contextOption())
    .option(
      '--cluster <name>',
      'its name in postern.yaml: also show what Postern, where you are signed in, says of its token webhook',
    )
    .addOption(serverOption())
  for (const option of extentOptions()) command.addOption(option)
  return command.action(async (options: Options) => {
    const { cluster, server } = options
    const findings = await diagnose(options, neededObjects(extentOf(options)))
    if (cluster) {
      const { call } = await openApi(terminal, server ? { server } : {})
      const found = await tokenWebhookFinding(call, cluster)
      if (found) findings.push(found)
    }
    terminal.stdout.write(inLines(findings))
    terminal.exitCode = hasProblem(findings) ? 1 : 0
  })
}
