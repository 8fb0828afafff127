// The evidence pack: a zip file with the events of a request or a period, the documents that they name by their hash, and a
// report for people. docs/evidence.md says what each file is verified against.
import canonicalize from 'canonicalize'
import { z } from 'zod'
import { contentHash } from '#lib/core/access/content-hash'
import { type LogEntry, logEntry } from '#lib/core/log/leaf'

/** Another number for any change to the files or to the words of the report, which a verifier makes again. */
export const packVersion = 2

export const packScope = z.union([
  z.strictObject({ request: z.string() }),
  /** `first` and `last` are places in the log: every leaf from one to the other is in the pack, and they enclose the period. */
  z.strictObject({ from: z.string(), to: z.string(), first: z.int().min(0), last: z.int().min(0) }),
])
export type PackScope = z.infer<typeof packScope>

/** At most this many newer events are named: one is enough to see that something is missing. */
export const mostListed = 100

/** It is not signed, so it shows only that a file was cut off or damaged. What it says beside that is verified or in the README. */
export const packManifest = z.strictObject({
  format: z.literal('postern-evidence-pack'),
  version: z.int(),
  scope: packScope,
  files: z.array(z.strictObject({ path: z.string(), bytes: z.int(), sha256: z.string() })),
  later: z.array(z.string()),
  withoutLeaf: z.array(z.string()),
})
export type PackManifest = z.infer<typeof packManifest>

export const manifestJson = (manifest: PackManifest): string => `${JSON.stringify(manifest, null, 2)}\n`

export const fixedPaths = [
  'README.txt',
  'checkpoint',
  'events.jsonl',
  'calls.jsonl',
  'report.html',
  'manifest.json',
] as const

/** A file with this content hash, which is also the SHA-256 of its bytes: `sha256sum` verifies it. */
export const documentPath = (folder: 'policies' | 'terms', hash: string) =>
  `${folder}/${hash.slice('sha256:'.length)}.json`

/** RFC 8785. */
export const documentText = (document: unknown): string => canonicalize(document) ?? 'null'

/** The folder and content hash of a path; null if it is none of a pack. */
export function documentOfPath(path: string): { folder: 'policies' | 'terms'; hash: string } | null {
  const [, folder, hex] = /^(policies|terms)\/([0-9a-f]{64})\.json$/.exec(path) ?? []
  return folder && hex ? { folder: folder as 'policies' | 'terms', hash: `sha256:${hex}` } : null
}

/** Why the text of a document is not the one that events name; null if it is. */
export function problemOfDocument(path: string, text: string): string | null {
  const hash = documentOfPath(path)?.hash
  try {
    const document: unknown = JSON.parse(text)
    if (documentText(document) === text && contentHash(document) === hash) return null
  } catch {
    // Not JSON.
  }
  return `${path} was changed: its hash is not the one in its name.`
}

const packLine = z.strictObject({ entry: logEntry, proof: z.array(z.string()).max(64) })
export type PackLine = z.infer<typeof packLine>

export const lineText = (line: PackLine): string => documentText(line)

const isBase64 = (text: string) => Buffer.from(text, 'base64').toString('base64') === text

/** A line of `events.jsonl`; null unless it is written exactly as a pack writes it, so that no byte of it can differ unseen. */
export function parseLine(text: string): PackLine | null {
  try {
    const { data } = packLine.safeParse(JSON.parse(text))
    if (!data || lineText(data) !== text) return null
    return [data.entry.hash, data.entry.salt, ...data.proof].every(isBase64) ? data : null
  } catch {
    return null
  }
}

/** Which digests of terms an event names. Each of them needs a file. */
export function termsNamedBy(event: LogEntry['event']): string[] {
  const { digest, result } = (event?.data ?? {}) as Record<string, unknown>
  const named =
    event?.type === 'request.submitted' ? [digest] : event?.type === 'request.narrowed' ? [digest, result] : []
  return named.filter((one): one is string => typeof one === 'string')
}

const timeInWords = (time: string) => `${time.slice(0, 10)} ${time.slice(11, -1).replace(':00.000', '')} UTC`

export const scopeInWords = (scope: PackScope): string =>
  'request' in scope
    ? `request ${scope.request}`
    : `the time from ${timeInWords(scope.from)} until ${timeInWords(scope.to)}`

type ReadmeInput = { scope: PackScope; size: number; key: string; later: readonly string[] }

export const readmeText = ({ scope, size, key, later }: ReadmeInput): string => `Evidence from Postern
=====================

This pack is about ${scopeInWords(scope)}.
It has the events as they were in the log when ${key} signed it at size ${size}.
${later.length > 0 ? `Newer events that are not in it: ${later.join(', ')}${later.length >= mostListed ? ' and perhaps more' : ''}.\n` : ''}
  report.html    for people: open it in any browser, or print it
  events.jsonl   the events, each with its salt and its inclusion proof (RFC 6962)
  calls.jsonl    the calls that were made with each grant, as API servers reported them
  terms/         the terms that were requested and approved, each named by its SHA-256
  policies/      the policy versions that judged them, each named by its SHA-256
  checkpoint     the signed size and root of the log (C2SP tlog-checkpoint)
  manifest.json  the list of these files

Verify it
---------

  postern log verify --key KEY PACK.zip

KEY is the public key of the log. Get it from the people who run Postern, or from your own records: a key that arrives with
a pack says nothing about the pack. The command needs no server and no network.

What is verified against what
-----------------------------

  checkpoint     the public key
  events.jsonl   the checkpoint: each event leads by its inclusion proof to the root that was signed
  calls.jsonl    report.html, which has its SHA-256. The calls are not in the log, so nothing that is signed covers them
  terms/         the events: they name the hash of each set of terms
  policies/      the events: they name the hash of each policy version
  report.html    the files above: the command writes the report again and compares every byte
  README.txt     the same
  manifest.json  the files: it has their sizes and hashes, and says what the pack is about. It is not signed, so it shows only that a
                 file was cut off or damaged

What it can't show
------------------

${
  'request' in scope
    ? 'That no event of this request was left out: a pack of the period or the whole log shows that.'
    : 'Events outside of the period, except those of requests that had to do with it.'
}
Whether an event was true when it was recorded.
Whether the calls are complete and as they were reported: the API server's own audit log has that.
`
