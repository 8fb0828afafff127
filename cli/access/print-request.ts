// How a command that changes a request answers: people read a sentence, programs the request as it is afterwards.
import { note, type OutputFormat, print } from '../output.ts'
import type { Api } from '../server/api.ts'
import type { Terminal } from '../terminal.ts'
import { readInFull } from './find.ts'

/**
 * For programs only. People have read what was done.
 * @param id of the request, or of its grant
 */
export async function printRequest(terminal: Terminal, api: Api, id: string, output: OutputFormat): Promise<void> {
  if (output === 'table') return
  const found = await readInFull(api, id)
  await print(terminal, output, { data: found, names: [found.id], text: () => '' })
}

/**
 * NB: programs get the sentence on the error output, before the request is read: the change is made, even if reading fails.
 * @param sentence what was done
 */
export async function printDone(terminal: Terminal, api: Api, id: string, output: OutputFormat, sentence: string) {
  if (output === 'table') return void terminal.stdout.write(`${sentence}\n`)
  note(terminal, sentence)
  await printRequest(terminal, api, id, output)
}
