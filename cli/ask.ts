import { createInterface } from 'node:readline/promises'
import { lines } from './output.ts'
import { isInteractive, type Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'

/**
 * Asks the person a question.
 * @throws UsageError where no one can answer; `instead` names the option that answers it
 */
export async function ask(terminal: Terminal, question: string, instead: string): Promise<string> {
  if (!isInteractive(terminal)) throw new UsageError(instead)
  const { stdin, stderr } = terminal
  const reader = createInterface({ input: stdin as unknown as NodeJS.ReadableStream, output: stderr })
  try {
    return (await reader.question(`${lines(question)} `)).trim()
  } finally {
    reader.close()
  }
}

export const confirm = async (terminal: Terminal, question: string, instead: string): Promise<boolean> =>
  /^y(es)?$/i.test(await ask(terminal, `${question} [y/N]`, instead))
