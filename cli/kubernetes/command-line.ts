// A command for a cluster, such as `kubectl get pods -n payments`, as a person typed it.
import { basename } from 'node:path'

export type CommandLine = { context?: string; namespace?: string; kubeconfig?: string }

const flags: Record<string, keyof CommandLine> = {
  '--context': 'context',
  '--kube-context': 'context',
  '--namespace': 'namespace',
  '-n': 'namespace',
  '--kubeconfig': 'kubeconfig',
}

/** The flags that say where a command goes; what is behind `--` belongs to a container. */
export function whereOf(words: readonly string[]): CommandLine {
  const where: CommandLine = {}
  const end = words.indexOf('--')
  const own = end < 0 ? words : words.slice(0, end)
  own.forEach((word, index) => {
    const [name = '', value] = word.split(/=(.*)/s)
    const flag = flags[name]
    const text = value ?? own[index + 1]
    if (flag && text) where[flag] = text
  })
  return where
}

/** The command as one line, quoted where a shell needs it. */
export function asText([program = '', ...words]: readonly string[]): string {
  const quoted = words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
  return [basename(program), ...quoted].join(' ')
}
