// kubectl commands about objects of a cluster, which people copy into a shell. Kubernetes allows almost any character in the
// names of roles and bindings, and the person who creates one chooses its name.
import { longestText } from './stored-text.ts'

const printable = /^[ -~]*$/

/** What some shell acts on also between single quotes, which cmd.exe does not know. tcsh expands `!` in all quotes. */
const isActedOn = /['\\!&|<>^%"]/

/** The UTF-8 bytes as `\ooo`: other characters may be invisible, reorder the line, or end the quotes in some shell. */
const escaped = (text: string): string =>
  [...new TextEncoder().encode(text)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')

/**
 * Any text as one word of a command line. NB: `$'…'` is of bash, zsh and ksh. fish refuses it, and a plain `sh` or cmd.exe passes another
 * name: none of them ends the word early, because nothing in it that any of them acts on stays as it is.
 */
export function quoted(text: string): string {
  if (/^[\w.:@/-]+$/.test(text)) return text
  if (printable.test(text) && !isActedOn.test(text)) return `'${text}'`
  return `$'${text.replace(/[^\w .:@/-]+/g, escaped)}'`
}

/** Is this the name in the cluster? Names are cut, and replaced where they are not text, before they are stored. */
const isWhole = (name: string) => name.length < longestText && !name.includes('\ufffd')

/** NB: a shortened name may be that of another object. */
const noCommand = '# No command: a name is too long, or is not valid text.'

/**
 * A command about one object, such as `kubectl edit rolebinding/team --namespace payments`, or a comment that says why there is none.
 * @param after the rest of the line
 */
export function kubectlLine(verb: string, kind: string, name: string, namespace: string, after = ''): string {
  if (!isWhole(name)) return noCommand
  const place = namespace ? ` --namespace ${quoted(namespace)}` : ''
  return `kubectl ${verb} ${quoted(`${kind.toLowerCase()}/${name}`)}${place}${after}`
}
