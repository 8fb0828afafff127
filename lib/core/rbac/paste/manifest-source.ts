// Where the objects of `-f` come from: a here-document, a text in the script, a manifest below it, or the output of another
// kubectl command.
import { withGaps } from './gaps.ts'
import { type Line, note } from './kubectl-target.ts'
import { type ManifestObject, objectsOf } from './manifest-objects.ts'
import type { PastedScript } from './script.ts'
import type { Command } from './shell-state.ts'

/** What `echo` and `printf` print. */
const printedBy = ({ words: [program = '', ...words], gaps }: Command) =>
  ['echo', 'printf'].includes(program) ? withGaps(words.join(' '), gaps).replaceAll('\\n', '\n') : ''

/** Follows the pipe in front of the command to the objects that reach it. */
function addPiped(line: Line, command: Command, lines: ReadonlyMap<Command, Line>) {
  for (let from = command.from, steps = 0; from && steps < 20; from = from.from, steps++) {
    const { printed = [] } = lines.get(from) ?? {}
    if (printed.length > 0) {
      line.piped = printed
      if (steps > 0)
        note(line, 'piped-objects', 'The objects were read in front of the pipe. A filter in between may rename them.')
      return
    }
    line.manifest = objectsOf(from.input || printedBy(from))
    if (line.manifest) return
  }
}

const objectsIn = (texts: readonly string[]): ManifestObject[] | null => {
  const objects = texts.flatMap((text) => objectsOf(text) ?? [])
  return objects.length > 0 ? objects : null
}

/** Adds the objects of the command's file to the line, where the text contains them. */
export function addManifest(line: Line, command: Command, script: PastedScript, lines: ReadonlyMap<Command, Line>) {
  line.manifest = objectsOf(command.input)
  if (!line.manifest && line.args.flags.get('filename') === '-') addPiped(line, command, lines)
  if (line.manifest || line.piped) return
  line.manifest = objectsIn(script.manifests) ?? objectsIn(script.documents)
}
