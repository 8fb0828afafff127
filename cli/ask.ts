import { createInterface } from 'node:readline/promises'
import { CommandFailure, exitCodes } from './exit-codes.ts'
import { lines } from './output.ts'
import { isInteractive, type Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'

/**
 * Asks the person a question.
 * @throws UsageError where no one can answer; `instead` names the option that answers it. CommandFailure at Ctrl-C and Ctrl-D
 */
export async function ask(terminal: Terminal, question: string, instead: string): Promise<string> {
  if (!isInteractive(terminal)) throw new UsageError(instead)
  const { stdin, stderr } = terminal
  const reader = createInterface({ input: stdin as unknown as NodeJS.ReadableStream, output: stderr })
  // NB: Node.js 20 leaves the question open for ever when Ctrl-C or Ctrl-D closes it, and later ones reject it.
  const cancelled = new Promise<never>((_, reject) => reader.once('close', () => reject()))
  try {
    return (await Promise.race([reader.question(`${lines(question)} `), cancelled])).trim()
  } catch {
    stderr.write('\n')
    throw new CommandFailure(exitCodes.interrupted, 'Cancelled: nothing was submitted.')
  } finally {
    reader.close()
  }
}

export const confirm = async (terminal: Terminal, question: string, instead: string): Promise<boolean> =>
  /^y(es)?$/i.test(await ask(terminal, `${question} [y/N]`, instead))
