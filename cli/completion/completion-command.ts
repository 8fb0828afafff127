import { Argument, Command } from 'commander'
import type { Terminal } from '../terminal.ts'

const shells = ['bash', 'zsh', 'fish'] as const

type Words = { name: string; summary: string; words: string[] }

/** The subcommands of a command, and the options of it and of them. */
export const wordsOf = (command: Command): string[] => [
  ...command.commands.map((inner) => inner.name()),
  ...[command, ...command.commands].flatMap(({ options }) => options.flatMap(({ long }) => long ?? [])),
]

const everyCommand = (root: Command): Words[] =>
  root.commands.map((command) => ({
    name: command.name(),
    summary: command.description(),
    words: wordsOf(command),
  }))

/** Behind `--` is another command, which has a completion of its own. */
const forBash = (commands: readonly Words[]) => `_postern() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  case " \${COMP_WORDS[*]:0:COMP_CWORD} " in *" -- "*) return ;; esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commands.map(({ name }) => name).join(' ')}"
  else
    case "\${COMP_WORDS[1]}" in
${commands.map(({ name, words }) => `      ${name}) words="${[...new Set(words)].join(' ')}" ;;`).join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words --help" -- "$current"))
}
complete -o default -F _postern postern
`

const inSingleQuotes = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/** NB: not the script of bash: zsh can't read its arrays, even with bashcompinit. */
const forZsh = (commands: readonly Words[]) => `#compdef postern
_postern() {
  if (( CURRENT == 2 )); then
    local -a commands=(
${commands.map(({ name, summary }) => `      ${inSingleQuotes(`${name}:${summary}`)}`).join('\n')}
    )
    _describe command commands
    return
  fi
  if (( \${words[(i)--]} < CURRENT )); then
    _files
    return
  fi
  case $words[2] in
${commands.map(({ name, words }) => `    ${name}) compadd -- ${[...new Set([...words, '--help'])].join(' ')} ;;`).join('\n')}
  esac
  [[ $PREFIX == -* ]] || _files
}
compdef _postern postern
`

const quoted = (text: string) => `'${text.replaceAll(/['\\]/g, '\\$&')}'`

const forFish = (commands: readonly Words[]) =>
  commands
    .flatMap(({ name, summary, words }) => [
      `complete -c postern -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
      ...[...new Set(words)].map((word) => {
        const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`
        return `complete -c postern -n '__fish_seen_subcommand_from ${name}' ${what}`
      }),
    ])
    .join('\n')
    .concat('\n')

const scripts = { bash: forBash, zsh: forZsh, fish: forFish }

export function completionCommand(terminal: Terminal): Command {
  return new Command('completion')
    .description('Print a script that completes commands and options in your shell.')
    .addArgument(new Argument('<shell>', 'your shell').choices(shells))
    .addHelpText(
      'after',
      '\nbash: source <(postern completion bash), in ~/.bashrc\n' +
        'zsh:  source <(postern completion zsh), in ~/.zshrc after compinit\n' +
        'fish: postern completion fish > ~/.config/fish/completions/postern.fish\n' +
        '\nThe completion of kubectl covers kubectl postern too if the program kubectl_complete-postern is on the path. The npm package\n' +
        'has it. For a single executable or krew, make a link with that name:\n' +
        '  ln -s "$(command -v kubectl-postern)" ~/.local/bin/kubectl_complete-postern',
    )
    .action((shell: (typeof shells)[number], _options, { parent }: Command) => {
      if (parent) terminal.stdout.write(scripts[shell](everyCommand(parent)))
    })
}
