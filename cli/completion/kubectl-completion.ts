// Completes `kubectl postern …`: kubectl runs the program `kubectl_complete-postern` with the words that follow
// `kubectl postern`, the last of which is being typed, and reads one candidate from each line.
// https://github.com/kubernetes/kubectl/blob/master/pkg/cmd/plugin/plugin_completion.go
import { commands } from '../commands.ts'
import { program } from '../postern.ts'
import type { Terminal } from '../terminal.ts'
import { wordsOf } from './completion-command.ts'

/** The last line says what the shell does besides (Cobra's ShellCompDirective): it completes file names where nothing fits, or does not. */
const [files, noFiles] = [':0', ':4']

export async function completeForKubectl(typed: readonly string[], terminal: Terminal): Promise<void> {
  const [before, current] = [typed.slice(0, -1), typed.at(-1) ?? '']
  const print = (candidates: readonly string[], directive: string) => {
    const fitting = [...new Set(candidates)].filter((candidate) => candidate.startsWith(current))
    terminal.stdout.write([...fitting, directive, ''].join('\n'))
  }
  const [name] = before
  if (name === undefined) return print([...commands.map((one) => `${one.name}\t${one.summary}`), '--help'], noFiles)
  // Behind it is another command, which has a completion of its own.
  if (before.includes('--')) return print([], files)
  const root = await program(terminal, [name], (command) => command === name)
  const command = root.commands.find((one) => one.name() === name)
  print(command ? [...wordsOf(command), '--help'] : [], files)
}
