import { readFileSync, writeFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import {
  type Checkpoint,
  CheckpointError,
  openCheckpoint,
  parseVerifierKey,
  type VerifierKey,
} from '#lib/core/log/checkpoint'
import { isPolicyOf } from '#lib/core/log/log-line'
import { nodesInTiles, tilesFor } from '#lib/core/log/tiles'
import { consistencyProof, isConsistent, type ReadNode, rootOf } from '#lib/core/log/tree'
import { type LogProblem, problemOfProof, verifierOfLog } from '#lib/core/log/verify-log'
import { fileErrorMessage } from '../file-error.ts'
import { plural, type Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { readLog } from './log-file.ts'
import { type LogServer, logServer } from './log-server.ts'
import { type ServerOptions, serverOption, tokenOption } from './options.ts'

type Options = ServerOptions & { key: string[]; checkpoint: string[]; save?: string }

/** Thrown for a log that is not what its checkpoints say. The exit code is 1. */
class NotVerified extends Error {}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file}: ${fileErrorMessage(error)}`)
  }
}

function open(where: string, note: string, keys: readonly VerifierKey[]): Checkpoint {
  try {
    return openCheckpoint(note, keys)
  } catch (error) {
    if (error instanceof CheckpointError) throw new NotVerified(`${where}: ${error.message}`)
    throw error
  }
}

/** Two checkpoints of one size with different roots, by one key: each reader was shown another log. */
function refuseFork(checkpoints: readonly Checkpoint[]) {
  for (const one of checkpoints)
    for (const other of checkpoints)
      if (one.size === other.size && !one.root.equals(other.root))
        throw new NotVerified(
          `Two checkpoints of size ${one.size} are both signed and have different roots: the log was forked.`,
        )
}

function refuse(problem: LogProblem | null) {
  if (problem) throw new NotVerified(problem.sentence)
}

const withoutLeafSentence = (id: string) => `${id} is in the history, but not in the log: it was inserted afterwards.`

async function verifyEntries(server: LogServer, checkpoints: Checkpoint[]): Promise<string> {
  const verifier = verifierOfLog(checkpoints)
  let count = 0
  for await (const { entries, withoutLeaf } of server.entries()) {
    for (const entry of entries) refuse(verifier.add(entry))
    for (const id of withoutLeaf) throw new NotVerified(withoutLeafSentence(id))
    count += entries.length
  }
  refuse(verifier.end())
  return `${plural(count, 'event')} verified.`
}

/** What strangers can verify: that every earlier checkpoint is the beginning of the newest. */
async function verifyConsistency(server: LogServer, newest: Checkpoint, earlier: Checkpoint[]): Promise<string> {
  for (const old of [newest, ...earlier]) {
    if (old.size > newest.size)
      throw new NotVerified(`The log has only ${newest.size} leaves, but an earlier checkpoint has ${old.size}.`)
    const compute = (read: ReadNode) => ({
      root: rootOf(read, newest.size),
      proof: consistencyProof(read, old.size, newest.size),
    })
    const tiles = await server.tiles(tilesFor(newest.size, compute))
    const { root, proof } = compute(nodesInTiles(newest.size, tiles))
    if (!root.equals(newest.root)) throw new NotVerified('The published hashes are not those of the checkpoint.')
    if (!isConsistent(old, newest, proof))
      throw new NotVerified(`The log was rewritten: it does not begin as the checkpoint of size ${old.size} says.`)
  }
  return 'The events themselves were not verified: pass the token of an auditor.'
}

/** A whole log has its entries in order; the evidence of a request has some of them, each with its inclusion proof. */
async function verifyFile(file: string, keys: VerifierKey[], earlier: Checkpoint[]) {
  let verifier: ReturnType<typeof verifierOfLog> | undefined
  let newest: Checkpoint | undefined
  const counts = { events: 0, policies: 0, later: 0 }
  let isWhole = true
  for await (const line of readLog(file)) {
    if ('checkpoint' in line) {
      newest = open(file, line.checkpoint, keys)
      refuseFork([newest, ...earlier])
      verifier = verifierOfLog([...earlier, newest])
    } else if (!verifier || !newest) throw new UsageError(`${file}: does not begin with a checkpoint.`)
    else if ('withoutLeaf' in line) throw new NotVerified(withoutLeafSentence(line.withoutLeaf))
    else if ('later' in line) counts.later += 1
    else if ('policy' in line) {
      if (!isPolicyOf(line.policy, line.document))
        throw new NotVerified(`The document of policy ${line.policy} was changed.`)
      counts.policies += 1
    } else {
      if (line.proof) isWhole = false
      refuse(line.proof ? problemOfProof(line.entry, line.proof, newest) : verifier.add(line.entry))
      counts.events += 1
    }
  }
  if (!verifier || !newest) throw new UsageError(`${file}: is empty.`)
  if (isWhole) refuse(verifier.end())
  else if (earlier.length > 0)
    throw new UsageError(
      'Evidence of one request cannot be compared with an earlier checkpoint. Pass --checkpoint with a whole log.',
    )
  const policies = counts.policies > 0 ? ` ${plural(counts.policies, 'policy version')} verified.` : ''
  const later = counts.later > 0 ? ` ${plural(counts.later, 'event is', 'events are')} newer than the checkpoint.` : ''
  return { newest, sentence: `${plural(counts.events, 'event')} verified.${policies}${later}` }
}

async function verifyServer(options: Options, keys: VerifierKey[], earlier: Checkpoint[]) {
  const server = logServer(options)
  const note = await server.checkpoint()
  const newest = open('The checkpoint of the server', note, keys)
  refuseFork([newest, ...earlier])
  const sentence = options.token
    ? await verifyEntries(server, [...earlier, newest])
    : await verifyConsistency(server, newest, earlier)
  if (options.save) writeFileSync(options.save, note)
  return { newest, sentence }
}

async function verify(terminal: Terminal, file: string | undefined, options: Options) {
  const keys = options.key.flatMap((text) => text.split(/\s+/)).filter(Boolean)
  if (keys.length === 0) throw new UsageError('Set the public key of the log with --key or POSTERN_LOG_VERIFIERS.')
  try {
    const verifiers = keys.map((text) => {
      try {
        return parseVerifierKey(text)
      } catch (error) {
        throw new UsageError(error instanceof Error ? error.message : String(error))
      }
    })
    const earlier = options.checkpoint.map((path) => open(path, readText(path), verifiers))
    refuseFork(earlier)
    const { newest, sentence } = file
      ? await verifyFile(file, verifiers, earlier)
      : await verifyServer(options, verifiers, earlier)
    const consistent = earlier.length > 0 ? ` Consistent with ${plural(earlier.length, 'earlier checkpoint')}.` : ''
    terminal.stdout.write(
      `The checkpoint of size ${newest.size} is signed by ${newest.origin}.${consistent}\n${sentence}\n`,
    )
  } catch (error) {
    if (!(error instanceof NotVerified)) throw error
    terminal.stdout.write(`Not verified. ${error.message}\n`)
    terminal.exitCode = 1
  }
}

const collect = (value: string, values: string[]) => [...values, value]

/** `postern log verify`: exits with 0 if everything is verified, 1 if something is not, and 2 if it can't be read. */
export function verifyCommand(terminal: Terminal): Command {
  return new Command('verify')
    .description('Verify the log of a server, or an exported one, and name the first event that does not fit.')
    .argument('[file]', 'a log from `postern log export`, or the evidence of a request; without it, the server is read')
    .addOption(
      new Option('--key <key>', 'public key of the log; may be repeated')
        .env('POSTERN_LOG_VERIFIERS')
        .default([])
        .argParser(collect),
    )
    .option('--checkpoint <file>', 'an earlier checkpoint, kept elsewhere; may be repeated', collect, [])
    .option('--save <file>', 'write the newest checkpoint to a file if it is verified')
    .addOption(serverOption())
    .addOption(tokenOption())
    .addHelpText(
      'after',
      '\nExit codes:\n  0  everything is verified\n  1  something is not: the log or an event was changed' +
        '\n  2  the log cannot be read',
    )
    .action((file: string | undefined, options: Options) => verify(terminal, file, options))
}
