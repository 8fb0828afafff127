// Sorts the words of a kubectl command into flags, their values and names.
import kubectlFlags from './kubectl-flags.json' with { type: 'json' }

export type Arguments = {
  /** All words that are not flags, in order. The first is the command. */
  positional: string[]
  /** All words behind `--`. */
  rest: string[]
  /** By long name. A flag without a value has 'true'; the last of several counts. */
  flags: Map<string, string>
}

type Flags = { letters: Map<string, string>; withValue: Set<string>; switches: Set<string> }

/** kubectl's help does not list these, but kubectl accepts them. */
const hidden: Record<string, string[]> = { apply: ['--applyset='], autoscale: ['--cpu-percent='] }

/** Commands that only OpenShift's oc has. */
const ofOpenShift: Record<string, string[]> = {
  rsh: ['-c, --container=', '--shell=', '--timeout=', '-f, --filename=', '-t, --tty', '-T, --no-tty'],
  rsync: ['-c, --container=', '--exclude=', '--include=', '--strategy=', '--delete'],
  'new-project': ['--description=', '--display-name='],
  'start-build': [
    '--from-build=',
    '--from-dir=',
    '--from-file=',
    '--from-repo=',
    '--commit=',
    '-e, --env=',
    '-F, --follow',
  ],
  extract: ['--to=', '--keys=', '--confirm'],
  process: ['-f, --filename=', '-p, --param=', '--param-file=', '-l, --labels=', '-o, --output='],
  'import-image': ['--from=', '--all', '--confirm'],
}

/**
 * Without `=` these take a default, and kubectl does not read the next word as their value. People write `--dry-run client`
 * nevertheless, so their own values are accepted.
 */
const optionalValue = new Map([
  ['cascade', new Set(['background', 'foreground', 'orphan'])],
  ['dry-run', new Set(['client', 'none', 'server'])],
  ['validate', new Set(['strict', 'warn', 'ignore'])],
])

function flagsFrom(lines: readonly string[]): Flags {
  const flags: Flags = { letters: new Map(), withValue: new Set(), switches: new Set() }
  for (const line of lines) {
    const [, letter, name = '', equals] = /^(?:-(.), )?--([^=]+)(=?)$/.exec(line) ?? []
    if (letter) flags.letters.set(letter, name)
    if (equals && !optionalValue.has(name)) flags.withValue.add(name)
    else flags.switches.add(name)
  }
  return flags
}

/** Of every command, such as `--namespace`. */
const common = flagsFrom([...kubectlFlags[''], '-h, --help'])

const byCommand = new Map(
  Object.entries({ ...ofOpenShift, ...kubectlFlags }).map(([command, lines]) => [
    command,
    flagsFrom([...lines, ...(hidden[command] ?? [])]),
  ]),
)

const longNameOf = (letter: string, command: Flags | undefined) =>
  command?.letters.get(letter) ?? common.letters.get(letter) ?? letter

/** As kubectl does, every unknown flag in front of the command takes a value, and every unknown one behind it none. */
const takesValue = (name: string, command: Flags | undefined) =>
  command
    ? command.withValue.has(name) || (common.withValue.has(name) && !command.switches.has(name))
    : !common.switches.has(name)

const isLongFlag = (name: string) =>
  common.switches.has(name) ||
  common.withValue.has(name) ||
  [...byCommand.values()].some(({ switches, withValue }) => switches.has(name) || withValue.has(name))

/** Editors turn `-n` into `–n` and `--` into `—`; people write `-namespace=p`. */
function withPlainDashes(word: string, before: string): string {
  const [, dashes = '', rest = ''] = /^([-–—]{1,4})(.*)$/s.exec(word) ?? []
  const isTyped = /^-*$/.test(dashes)
  if (isTyped && (dashes !== '-' || rest.length < 3)) return word.replace(/[–—]/g, '-')
  if (rest === '') return /^(?:-f|--filename)$/.test(before) ? '-' : '--'
  const [name = ''] = rest.split('=', 1)
  const isLong = name.length > 1 && (isLongFlag(name) || (!isTyped && dashes.length > 1))
  return `${isLong ? '--' : '-'}${rest}`
}

/** Sorts a command line's words into flags and names. */
export function readArguments(given: readonly string[]): Arguments {
  const words: string[] = []
  for (const word of given) words.push(withPlainDashes(word, words.at(-1) ?? ''))
  const positional: string[] = []
  const flags = new Map<string, string>()
  let command: Flags | undefined
  let n = 0
  const take = (given: string | undefined) => given ?? words[++n] ?? ''
  for (; n < words.length; n++) {
    const word = words[n] ?? ''
    if (word === '--') return { positional, rest: words.slice(n + 1), flags }
    if (word.startsWith('--')) {
      const equals = word.indexOf('=')
      const name = equals < 0 ? word.slice(2) : word.slice(2, equals)
      const given = equals < 0 ? undefined : word.slice(equals + 1)
      const isValue = given === undefined && optionalValue.get(name)?.has(words[n + 1] ?? '')
      flags.set(name, isValue || takesValue(name, command) ? take(given) : (given ?? 'true'))
    } else if (word.startsWith('-') && word.length > 1) {
      for (let at = 1; at < word.length; at++) {
        const name = longNameOf(word[at] ?? '', command)
        if (takesValue(name, command)) {
          const given = word.slice(at + 1).replace(/^=/, '')
          flags.set(name, take(given === '' ? undefined : given))
          break
        }
        flags.set(name, 'true')
      }
    } else {
      if (positional.length === 0) command = byCommand.get(word) ?? common
      positional.push(word)
    }
  }
  return { positional, rest: [], flags }
}
