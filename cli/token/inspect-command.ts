import { readFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { type Expected, inspectToken, type TokenInspection } from '#lib/core/grants/inspect-token'
import { fileErrorMessage } from '../file-error.ts'
import { line } from '../output.ts'
import { asciiJson, painter, type Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { tokensIn } from './tokens-in.ts'

type Options = Expected & { format: 'text' | 'json'; current?: true }
type Inspected = { of: string; inspection: TokenInspection | null }

/** Larger than any kubeconfig. */
const mostBytes = 1024 * 1024

async function textOf(terminal: Terminal, file: string): Promise<string> {
  if (file !== '-') {
    return readFile(file, 'utf8').catch((error: unknown) => {
      throw new UsageError(`${file}: ${fileErrorMessage(error)}`)
    })
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of terminal.stdin) {
    size += chunk.length
    if (size > mostBytes) throw new UsageError('The input is too long to be a token or a kubeconfig.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function tokenInUse(terminal: Terminal, file: string) {
  if (file !== '-') throw new UsageError('--current reads the kubeconfig that kubectl reads. Leave out the file.')
  const { currentToken } = await import('./current-token.ts')
  return currentToken(terminal)
}

function reportOf({ of, inspection }: Inspected, paint: ReturnType<typeof painter>): string {
  const head = paint('bold', line(of))
  if (!inspection) return `${head}\n  It is not a JSON Web Token.\n`
  const { header, sentences, refusals, warnings } = inspection
  const rows = [
    `It is signed with ${header.alg}${header.kid ? ` by the key ${header.kid}` : ''}.`,
    ...sentences,
    ...warnings.map((text) => paint('yellow', `warning: ${line(text)}`)),
    ...refusals.map((text) => paint('red', `A cluster would refuse it. ${line(text)}`)),
  ]
  const shown = rows.map((row, index) => (index > sentences.length ? row : line(row)))
  return `${head}\n${shown.map((row) => `  ${row}\n`).join('')}`
}

/** `postern token inspect`: exits with 1 if a cluster would refuse a token. The token is neither stored, sent nor printed. */
export function inspectCommand(terminal: Terminal): Command {
  return new Command('inspect')
    .description(
      'Say what a token or the tokens of a kubeconfig are for. It stays in this process, and is not verified.',
    )
    .argument('[file]', 'a file with a token or a kubeconfig; - for the standard input', '-')
    .option('--current', 'the token that kubectl would use now: of the current context, also from a plugin')
    .option('--audience <text>', 'the audience that the cluster expects')
    .option('--issuer <url>', 'the issuer that the cluster expects')
    .addOption(new Option('--format <format>', 'report format').choices(['text', 'json']).default('text'))
    .action(async (file: string, { format, current, ...expected }: Options) => {
      const now = new Date()
      const tokens = current ? [await tokenInUse(terminal, file)] : tokensIn(await textOf(terminal, file))
      if (tokens.length === 0)
        throw new UsageError('The input has no token. Pass a token, or a kubeconfig with tokens.')
      const inspected = tokens.map(
        ({ of, token }): Inspected => ({ of, inspection: inspectToken(token, now, expected) }),
      )
      const paint = painter(terminal.stdout, terminal.env)
      const text = () => inspected.map((one) => reportOf(one, paint)).join('\n')
      terminal.stdout.write(format === 'json' ? asciiJson(inspected) : text())
      terminal.exitCode = inspected.some(({ inspection }) => !inspection || inspection.refusals.length > 0) ? 1 : 0
    })
}
