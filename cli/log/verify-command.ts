import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { documentOfPath, manifestJson, type PackManifest, packManifest, packVersion } from '#lib/core/evidence/pack'
import { problemOfPaths, verifierOfPack } from '#lib/core/evidence/verify-pack'
import {
  type Checkpoint,
  CheckpointError,
  keysNamedIn,
  openCheckpoint,
  parseVerifierKey,
  type VerifierKey,
} from '#lib/core/log/checkpoint'
import { cosignatureOf, parseWitnessKey } from '#lib/core/log/cosignature'
import { nodesInTiles, tilesFor } from '#lib/core/log/tiles'
import { consistencyProof, isConsistent, type ReadNode, rootOf } from '#lib/core/log/tree'
import { type LogProblem, type LogVerifier, verifierOfLog } from '#lib/core/log/verify-log'
import { writePrivately } from '../account/folders.ts'
import { fileErrorMessage } from '../file-error.ts'
import { line as shown } from '../output.ts'
import { plural, type Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { checkpointsInBucket } from './bucket-anchor.ts'
import { readLog } from './log-file.ts'
import { type LogServer, logServer } from './log-server.ts'
import { type ServerOptions, serverOption, tokenOption } from './options.ts'
import { isZip, openPack, type PackFile } from './pack-file.ts'

type Options = ServerOptions & {
  key: string[]
  witness: string[]
  checkpoint: string[]
  anchor?: string
  save?: string
}

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
  const bySize = new Map<number, Checkpoint>()
  for (const one of checkpoints) {
    if (bySize.get(one.size)?.root.equals(one.root) === false)
      throw new NotVerified(
        `Two checkpoints of size ${one.size} are both signed and have different roots: the log was forked.`,
      )
    bySize.set(one.size, one)
  }
}

function refuse(problem: LogProblem | null) {
  if (problem) throw new NotVerified(problem.sentence)
}

const withoutLeafSentence = (id: string) => `${id} is in the history, but not in the log: it was inserted afterwards.`

/** @param count how many entries there are */
function countedSentence(verifier: LogVerifier, count: number): string {
  const covered = verifier.covered()
  const later = count - covered
  return `${plural(covered, 'event')} verified.${later > 0 ? ` ${plural(later, 'event is', 'events are')} newer than the checkpoint.` : ''}`
}

async function verifyEntries(server: LogServer, checkpoints: Checkpoint[]): Promise<string> {
  const verifier = verifierOfLog(checkpoints)
  let count = 0
  for await (const { entries, withoutLeaf } of server.entries()) {
    for (const entry of entries) refuse(verifier.add(entry))
    for (const id of withoutLeaf) throw new NotVerified(withoutLeafSentence(id))
    count += entries.length
  }
  refuse(verifier.end())
  return countedSentence(verifier, count)
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

async function verifyLog(file: string, keys: VerifierKey[], earlier: Checkpoint[]) {
  let verifier: LogVerifier | undefined
  let newest: Checkpoint | undefined
  let note = ''
  let events = 0
  for await (const line of readLog(file)) {
    if ('checkpoint' in line) {
      // NB: or else entries before it would be counted, and compared with none.
      if (newest) throw new NotVerified(`${file} has a second checkpoint: it is not one log.`)
      note = line.checkpoint
      newest = open(file, note, keys)
      refuseFork([newest, ...earlier])
      verifier = verifierOfLog([...earlier, newest])
    } else if (!verifier) throw new UsageError(`${file}: does not begin with a checkpoint.`)
    else if ('withoutLeaf' in line) throw new NotVerified(withoutLeafSentence(line.withoutLeaf))
    else {
      refuse(verifier.add(line.entry))
      events += 1
    }
  }
  if (!verifier || !newest) throw new UsageError(`${file}: is empty.`)
  refuse(verifier.end())
  return { newest, note, sentence: countedSentence(verifier, events) }
}

const manifestIn = (text: string): PackManifest | null => {
  try {
    return packManifest.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

async function verifyFilesOf(pack: PackFile, keys: VerifierKey[], earlier: Checkpoint[]) {
  const refuseText = (problem: string | null) => {
    if (problem) throw new NotVerified(problem)
  }
  refuseText(problemOfPaths(pack.paths))
  const manifestText = await pack.text('manifest.json')
  const manifest = manifestIn(manifestText)
  if (!manifest || manifestText !== manifestJson(manifest)) throw new NotVerified('manifest.json was changed.')
  if (manifest.version !== packVersion)
    throw new UsageError(
      `This command verifies packs of version ${packVersion}, and this one has version ${manifest.version}. Use the same version of Postern.`,
    )
  const note = await pack.text('checkpoint')
  const newest = open('checkpoint', note, keys)
  refuseFork([newest, ...earlier])
  const verifier = verifierOfPack({ checkpoint: newest, key: keysNamedIn(note), manifest })
  for await (const line of pack.lines('events.jsonl')) refuseText(verifier.addLine(line))
  for await (const line of pack.lines('calls.jsonl')) refuseText(verifier.addCall(line))
  for (const path of pack.paths.filter((one) => documentOfPath(one)))
    refuseText(verifier.addDocument(path, await pack.text(path)))
  refuseText(verifier.end(await pack.text('report.html'), await pack.text('README.txt')))
  // NB: before the files are read: a manifest could list a large one any number of times.
  if (manifest.files.length !== pack.paths.length - 1) throw new NotVerified('manifest.json does not list every file.')
  for (const { path, bytes, sha256 } of manifest.files) {
    const found = pack.paths.includes(path) ? await pack.digest(path) : null
    if (found?.bytes !== bytes || found.sha256 !== sha256)
      throw new NotVerified(`${path} is not the file that manifest.json lists.`)
  }
  const [inserted] = manifest.withoutLeaf
  if (inserted) throw new NotVerified(withoutLeafSentence(inserted))
  const { events, terms, policies, calls } = verifier.counts()
  const later = manifest.later.length
  const end = verifier.endOfLog()
  return {
    ...{ newest, note },
    sentence:
      `${plural(events, 'event')}, ${plural(terms, 'version')} of terms and ${plural(policies, 'policy version')} verified, and the ` +
      `report says the same.${
        calls > 0
          ? ` ${plural(calls, 'call is', 'calls are')} in it as API servers reported them: they are not in the log, so nothing that is signed covers them.`
          : ''
      }${later > 0 ? ` ${plural(later, 'newer event is', 'newer events are')} not in it.` : ''}${
        end === null ? '' : ` The signed log ends at ${shown(end)}: what happened later is not in this pack.`
      }`,
  }
}

async function verifyPack(file: string, keys: VerifierKey[], earlier: Checkpoint[]) {
  if (earlier.length > 0)
    throw new UsageError('A pack can’t be compared with an earlier checkpoint. Pass --checkpoint with a whole log.')
  const pack = await openPack(file)
  try {
    return await verifyFilesOf(pack, keys, earlier)
  } finally {
    pack.close()
  }
}

const verifyFile = (file: string, keys: VerifierKey[], earlier: Checkpoint[]) =>
  isZip(file) ? verifyPack(file, keys, earlier) : verifyLog(file, keys, earlier)

async function verifyServer(options: Options, keys: VerifierKey[], earlier: Checkpoint[]) {
  const server = logServer(options)
  const note = await server.checkpoint()
  const newest = open('The checkpoint of the server', note, keys)
  refuseFork([newest, ...earlier])
  const sentence = options.token
    ? await verifyEntries(server, [...earlier, newest])
    : await verifyConsistency(server, newest, earlier)
  return { newest, note, sentence }
}

/** At most this many objects that are not checkpoints are named. */
const mostNamed = 10

type Anchored = { checkpoints: Checkpoint[]; unsigned: string[] }

/**
 * The checkpoints of an anchor that one of the keys signed, and the names of its other objects with why they are none. Who can only
 * write to a bucket can add such objects, which must not keep the log from being compared with the rest.
 */
async function readAnchor(terminal: Terminal, anchor: string, keys: readonly VerifierKey[]): Promise<Anchored> {
  const found: Anchored = { checkpoints: [], unsigned: [] }
  for (const { where, note } of await keptBy(terminal, anchor)) {
    try {
      if (note === null) throw new CheckpointError('It is larger than any checkpoint.')
      found.checkpoints.push(openCheckpoint(note, keys))
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error
      found.unsigned.push(`${where}: ${error.message}`)
    }
  }
  if (found.checkpoints.length > 0) return found
  throw new NotVerified(`No object in the bucket is a checkpoint that one of the keys signed. ${found.unsigned[0]}`)
}

function unsignedSentences(unsigned: readonly string[]): string {
  if (unsigned.length === 0) return ''
  const more = unsigned.length - mostNamed
  return [
    `Not compared with ${plural(unsigned.length, 'object')} in the bucket that no given key signed. Someone who can write to it added them, or the key of an earlier time is missing:`,
    ...unsigned.slice(0, mostNamed).map((one) => `  ${shown(one)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    '',
  ].join('\n')
}

async function keptBy({ env }: Terminal, anchor: string) {
  const {
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_SESSION_TOKEN: sessionToken,
    AWS_REGION: region,
  } = env
  if (!id || !secret)
    throw new UsageError('Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, with which the bucket can be read.')
  return checkpointsInBucket(anchor, { id, secret, sessionToken, region })
}

function parsedKey(text: string, parse: (text: string) => VerifierKey): VerifierKey {
  try {
    return parse(text)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** @throws NotVerified if the witness has not cosigned the checkpoint */
function cosignedSentence(note: string, witness: VerifierKey): string {
  const cosignature = cosignatureOf(note, note, witness)
  if (!cosignature)
    throw new NotVerified(
      `${witness.name} has not cosigned this checkpoint. A new one gets its cosignatures within seconds: try again, and if it stays so, the witness is away or refuses it.`,
    )
  return ` ${shown(witness.name)} cosigned it at ${cosignature.at.toISOString()}.`
}

async function verify(terminal: Terminal, file: string | undefined, options: Options) {
  const keys = options.key.flatMap((text) => text.split(/\s+/)).filter(Boolean)
  if (keys.length === 0) throw new UsageError('Set the public key of the log with --key or POSTERN_LOG_VERIFIERS.')
  try {
    const verifiers = keys.map((text) => parsedKey(text, parseVerifierKey))
    const witnesses = options.witness.map((text) => parsedKey(text, parseWitnessKey))
    const earlier = options.checkpoint.map((path) => open(path, readText(path), verifiers))
    const { checkpoints, unsigned }: Anchored =
      options.anchor === undefined
        ? { checkpoints: [], unsigned: [] }
        : await readAnchor(terminal, options.anchor, verifiers)
    terminal.stdout.write(unsignedSentences(unsigned))
    for (const one of checkpoints) earlier.push(one)
    refuseFork(earlier)
    const { newest, note, sentence } = file
      ? await verifyFile(file, verifiers, earlier)
      : await verifyServer(options, verifiers, earlier)
    const cosigned = witnesses.map((witness) => cosignedSentence(note, witness)).join('')
    if (options.save && !file) writePrivately(options.save, note)
    const consistent = earlier.length > 0 ? ` Consistent with ${plural(earlier.length, 'earlier checkpoint')}.` : ''
    terminal.stdout.write(
      `The checkpoint of size ${newest.size} is signed by ${shown(newest.origin)}.${cosigned}${consistent}\n${sentence}\n`,
    )
  } catch (error) {
    if (!(error instanceof NotVerified)) throw error
    // A log that is not trusted must not write its own result over this one.
    terminal.stdout.write(`Not verified. ${shown(error.message)}\n`)
    terminal.exitCode = 1
  }
}

const collect = (value: string, values: string[]) => [...values, value]

/** `postern log verify`: exits with 0 if everything is verified, 1 if something is not, and 2 if it can't be read. */
export function verifyCommand(terminal: Terminal): Command {
  return new Command('verify')
    .description('Verify the log of a server, or an exported one, and name the first event that does not fit.')
    .argument(
      '[file]',
      'a log or an evidence pack from `postern log export`, or one from the web; without it, the server is read',
    )
    .addOption(
      new Option('--key <key>', 'public key of the log; may be repeated')
        .env('POSTERN_LOG_VERIFIERS')
        .default([])
        .argParser(collect),
    )
    .option(
      '--witness <key>',
      'verifier key of a witness that must have cosigned the checkpoint; may be repeated',
      collect,
      [],
    )
    .option('--checkpoint <file>', 'an earlier checkpoint, kept elsewhere; may be repeated', collect, [])
    .option(
      '--anchor <url>',
      'the S3 bucket of an anchor, read with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION; end it with `?prefix=…` if it has one',
    )
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
